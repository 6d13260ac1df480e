"""Rules that every file keeps: place, first line, nothing unfinished, nothing of one machine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.repository import text_of, tracked, tracked_files

FOLDERS = {
    ".ci",
    ".github",
    ".streamlit",
    "dashboard",
    "dbt_project",
    "docs",
    "frontdesk",
    "pipelines",
    "sandbox",
    "tenants",
    "tests",
    "webhooks",
}

#: Put together here, so that this file itself names none.
ADDRESSES_OF_REGISTRIES = re.compile(
    "|".join(
        [
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            "npm" + r"js\.(org|com)",
            r"--(extra-)?index" + "-url",
            "--find" + "-links",
            r"proxy\.gol" + r"ang\.org",
        ]
    )
)
PATHS_OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(" + "|".join(["wor" + "k", "roo" + "t", "Use" + "rs", "hom" + "e"]) + r")/\w"
)
UNFINISHED = re.compile(
    r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]) + r")\b"
)
SILENCED = re.compile(
    r"#\s*(noqa|type:\s*ignore)(?P<codes>[:\[][\w, \[\]-]*?)?(?P<reason>\s*(#|-)\s*\w.*)?$", re.MULTILINE
)
CLOCKS_AND_DICE = re.compile(
    r"datetime\.(now|utcnow|today)\(|time\.time\(|date\.today\(|uuid[14]\(|^import random|os\.urandom\(", re.MULTILINE
)
DATABASE_OPENED = re.compile(r"\bduckdb\.connect\(|^from duckdb import", re.MULTILINE)
#: Who opens a file of DuckDB, and why not by `open_published`, which reads one file and nothing else.
MAY_OPEN_DATABASES = {
    "frontdesk/core/published/connection.py": "is what opens the published file",
    "pipelines/build/warehouse.py": "is what opens the warehouse, to write it",
    "pipelines/build/warehouse_builder.py": "makes tables in memory",
    "pipelines/build/verification.py": "compares two warehouses",
    "pipelines/dry_run/identity.py": "compares two warehouses",
    "sandbox/summary.py": "imports nothing of ours, to be able to disagree",
}
SKIPPED = re.compile(r"pytest\.mark\.(skip\b|xfail)")


def test_top_level_folders_are_those_of_the_design() -> None:
    assert {name.parts[0] for name in tracked_files() if len(name.parts) > 1} <= FOLDERS


@pytest.mark.parametrize("folder", sorted(FOLDERS - {".github", ".streamlit"}))
def test_the_design_s_folders_are_there(folder: str) -> None:
    assert any(name.parts[0] == folder for name in tracked_files())


def test_every_python_file_says_what_it_is_for_in_its_first_line() -> None:
    names = [name for name in tracked(".py") if name.name != "__init__.py" or text_of(name)]

    assert_none(
        f"{name}: begin with one sentence in a docstring"
        for name in names
        if not re.match(r'"""[^\n]+[.?!](""")?\n', text_of(name))
    )


def test_nothing_names_a_registry_or_a_path_of_one_machine() -> None:
    assert_none(
        f"{name}:{line}: {text.strip()[:100]}"
        for name, line, text in _lines()
        if ADDRESSES_OF_REGISTRIES.search(text) or PATHS_OF_A_MACHINE.search(text)
    )


def test_the_lock_file_holds_names_and_hashes_only() -> None:
    text = text_of(Path("requirements.lock"))

    assert "://" not in text
    assert text.count("--hash=sha256:") > 100


def test_nothing_is_left_unfinished_or_skipped() -> None:
    assert_none(
        f"{name}:{line}: {text.strip()[:100]}"
        for name, line, text in _lines()
        if UNFINISHED.search(text) or (name.suffix == ".py" and SKIPPED.search(text))
    )


def test_every_silenced_warning_names_its_rule_and_gives_a_reason() -> None:
    found = [(name, match) for name in tracked(".py") for match in SILENCED.finditer(text_of(name))]

    assert_none(f"{name}: {match[0]}" for name, match in found if not (match["codes"] and match["reason"]))


def test_time_and_randomness_enter_in_one_place() -> None:
    """From frontdesk.core.clock and frontdesk.core.ids, so that tests can set them."""
    own = {Path("frontdesk/core/clock.py"), Path("frontdesk/core/ids.py")}
    names = [name for name in tracked(".py") if name.parts[0] in ("frontdesk", "webhooks", "pipelines")]

    assert_none(str(name) for name in names if name not in own and CLOCKS_AND_DICE.search(text_of(name)))


def test_files_of_duckdb_are_opened_in_few_places() -> None:
    """So that no reader of the published file can be made to read another one, or the network."""
    opening = {
        name.as_posix()
        for name in tracked(".py")
        if name.parts[0] != "tests" and DATABASE_OPENED.search(text_of(name))
    }

    assert opening == MAY_OPEN_DATABASES.keys()


def assert_none(problems: Iterable[str]) -> None:
    found = list(problems)
    assert not found, "\n" + "\n".join(found)


def _lines() -> list[tuple[Path, int, str]]:
    found = []
    for name in tracked_files():
        try:
            text = text_of(name)
        except UnicodeDecodeError:
            continue  # an image, or an example in another encoding
        found += [(name, line, content) for line, content in enumerate(text.splitlines(), start=1)]
    return found
