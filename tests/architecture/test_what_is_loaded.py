"""What a process does not use it does not load: each library holds some ten megabytes, and takes its time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from frontdesk.core.running.dagster_home import DagsterHome
from frontdesk.core.running.parts import build_parts
from frontdesk.core.settings import Settings

#: Who stays for as long as everything runs, by the module that is started.
_NOT_LOADED: dict[str, set[str]] = {
    # The supervisor starts the others, and asks whether they are ready.
    "frontdesk.domains.operations.up_cli": {
        *("duckdb", "pandas", "numpy", "pyarrow", "dbt", "dagster", "matplotlib", "psycopg", "alembic"),
        *("fastapi", "streamlit", "httpx", "jinja2", "cryptography"),
    },
    "webhooks.__main__": {
        *("duckdb", "pandas", "numpy", "pyarrow", "dbt", "dagster", "matplotlib", "psycopg", "alembic", "streamlit"),
    },
    # Until the first text is sent: Dagster and dbt come after that.
    "pipelines.code_server": {
        *("pandas", "dbt", "dagster", "matplotlib", "psycopg", "alembic", "fastapi", "streamlit"),
    },
    "pipelines.dagster_pages": {
        *("duckdb", "pandas", "numpy", "pyarrow", "dbt", "matplotlib", "psycopg", "streamlit"),
    },
    "frontdesk.domains.operations.watch_cli": {
        *("pandas", "numpy", "pyarrow", "dbt", "dagster", "matplotlib", "psycopg", "alembic", "fastapi", "streamlit"),
    },
    # Streamlit loads pages when one is opened.
    "dashboard.frame.server": {"pandas", "dbt", "dagster", "matplotlib", "psycopg", "alembic"},
}
#: What Dagster has loaded once it serves the definitions.
_DEFINITIONS = "pipelines.dagster_definitions"


@pytest.mark.parametrize("module", _NOT_LOADED)
def test_a_process_loads_nothing_that_it_does_not_use(module: str) -> None:
    assert _loaded_by(module) & _NOT_LOADED[module] == set()


def test_the_code_server_leaves_the_drawing_of_reports_to_their_runs() -> None:
    assert _loaded_by(_DEFINITIONS) & {"matplotlib", "fpdf", "uharfbuzz", "pandas", "streamlit", "fastapi"} == set()


def test_every_part_is_looked_at(tmp_path: Path) -> None:
    parts = build_parts(
        Settings(home=tmp_path),
        dagster_home=DagsterHome(path=tmp_path, socket_path=tmp_path / "code.sock"),
        without=frozenset(),
        environ={},
    )
    known = {module.removesuffix(".__main__").removesuffix(".watch_cli") for module in _NOT_LOADED}

    assert {part.command[part.command.index("-m") + 1] for part in parts} - {"streamlit"} <= known
    assert len(parts) + 1 == len(_NOT_LOADED), "the supervisor as well"


def _loaded_by(module: str) -> set[str]:
    code = f"import importlib, sys; importlib.import_module({module!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())
