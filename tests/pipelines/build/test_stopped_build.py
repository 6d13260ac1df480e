"""A build that the machine stops is tried again as it is: nothing is set aside, nobody searches for what fails it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from frontdesk.core.log.set_aside import Kind
from pipelines.build import dbt_runner
from pipelines.build.dbt_runner import DbtError, DbtStoppedError
from tests.pipelines.facts import contact
from tests.pipelines.homes import Home

_OUT_OF_MEMORY = """  Runtime Error in model fct_decisions (models/marts/automation/fct_decisions.sql)
  Out of Memory Error: failed to allocate data of size 16.0 MiB (1.8 GiB/1.8 GiB used)"""
_DISK_FULL = '  IO Error: Could not write to file "warehouse.duckdb": No space left on device'
_CONVERSION = "  Runtime Error in model stg_wix__bookings\n  Conversion Error: invalid timestamp"


def _dbt_that(folder: Path, *, prints: str = "", dies: bool = False) -> str:
    script = folder / "dbt"
    ending = "os.kill(os.getpid(), 9)" if dies else "sys.exit(1)"
    script.write_text(
        f"#!{sys.executable}\nimport os, sys\nprint({prints!r}, flush=True)\n{ending}\n", encoding="utf-8"
    )
    script.chmod(0o700)
    return str(script)


@pytest.mark.warehouse
@pytest.mark.parametrize(("prints", "dies"), [(_OUT_OF_MEMORY, False), (_DISK_FULL, False), ("", True)])
def test_what_the_machine_stops_sets_nothing_aside(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prints: str, dies: bool
) -> None:
    home.log.append([contact("c1", phone="+61400000002", name="Ana Lee")])
    dbt = _dbt_that(tmp_path, prints=prints, dies=dies)
    with monkeypatch.context() as patched:
        patched.setattr(dbt_runner, "_dbt_executable", lambda: dbt)
        with pytest.raises(DbtStoppedError):
            home.modeller().rebuild(with_tests=False)

    assert home.set_aside.read(Kind.TABLE) == home.set_aside.read(Kind.EVENT) == []
    home.modeller().rebuild(with_tests=False)
    assert home.warehouse_query("select count(*) from marts.dim_contacts") == [(1,)]


def test_what_a_model_raises_is_no_fault_of_the_machine(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt = _dbt_that(tmp_path, prints=_CONVERSION)
    monkeypatch.setattr(dbt_runner, "_dbt_executable", lambda: dbt)

    with pytest.raises(DbtError) as raised:
        home.builder().dbt.test()

    assert not isinstance(raised.value, DbtStoppedError)
