"""Who may import whom: directly by the table below, indirectly by the contracts of pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer

from frontdesk.core.cli import COMMANDS_GROUP, build_app
from tests.architecture.repository import ROOT, text_of, tracked

MAY_IMPORT: dict[str, set[str]] = {
    "frontdesk": set(),
    "webhooks": {"frontdesk"},
    "pipelines": {"frontdesk"},
    "dashboard": {"frontdesk"},
    "sandbox": set(),
    "tests": {"frontdesk", "webhooks", "pipelines", "dashboard", "sandbox"},
}


def test_import_contracts_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_no_other_than_it_may(package: str) -> None:
    files = [name for name in tracked(".py") if name.parts[0] == package]
    assert files

    for file in files:
        imported = {module.partition(".")[0] for module in _imports(file)} & set(MAY_IMPORT)
        assert imported <= MAY_IMPORT[package] | {package}, file


def test_what_dagster_keeps_to_itself_is_imported_by_two_files_alone() -> None:
    """docs/decisions/0028-one-process-for-dagster.md says which, and why."""
    private = {
        file.as_posix()
        for file in tracked(".py")
        for module in _imports(file)
        if module.startswith("dagster") and any(part.startswith("_") for part in module.split("."))
    }

    assert private == {"pipelines/dagster_pages.py", "pipelines/dagster_server.py"}


def test_every_command_is_registered_by_its_name() -> None:
    registered = {entry.name for entry in entry_points(group=COMMANDS_GROUP)}
    everything = typer.main.get_group(build_app()).commands

    assert set(everything) == registered
    for name in registered:
        assert name in typer.main.get_group(build_app(name)).commands


@pytest.mark.parametrize(
    ("command", "heavy"), [("sql", "dbt"), ("sql", "fastapi"), ("why", "matplotlib"), ("serve", "matplotlib")]
)
def test_a_command_does_not_wait_for_what_it_does_not_need(command: str, heavy: str) -> None:
    build = f"from frontdesk.core.cli import build_app; build_app({command!r})"
    code = f"import sys; {build}; print({heavy!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(text_of(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: write the import from the root"
            yield node.module or ""
