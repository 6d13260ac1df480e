"""A process is ended with all it started, gently first."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic

import pytest

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.running.output import OutputLog
from frontdesk.core.running.parts import Part
from frontdesk.core.running.process import PartProcess
from frontdesk.core.running.run_files import RunFiles
from tests.core.running.standins import SAY_AND_WAIT, STUBBORN, is_running, part, wait_until


def begin(stand_in: Part, tmp_path: Path) -> tuple[PartProcess, OutputLog, list[str]]:
    log, lines = OutputLog(tmp_path / "logs" / f"{stand_in.name}.log"), list[str]()
    return PartProcess(stand_in, log=log, on_line=lines.append), log, lines


def test_a_process_that_listens_ends_at_once(tmp_path: Path) -> None:
    process, log, _ = begin(part("one", SAY_AND_WAIT, ready_line="here I am"), tmp_path)
    assert process.is_announced.wait(10)
    assert process.status is None

    began = monotonic()
    assert process.stop() is True

    assert monotonic() - began < 5
    assert process.status == -15
    assert log.last_lines() == ["here I am"]
    log.close()


def test_one_that_has_ended_by_itself_is_not_killed(tmp_path: Path) -> None:
    process, log, _ = begin(part("brief", "print('done')", grace_s=0.0), tmp_path)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has looked yet
    assert process.stop() is True
    log.close()


def test_one_that_does_not_is_killed_with_its_children(tmp_path: Path) -> None:
    process, log, lines = begin(part("stubborn", STUBBORN, grace_s=0.5), tmp_path)
    wait_until(lambda: lines)
    pids = [int(pid) for pid in lines[0].split()]
    assert all(is_running(pid) for pid in pids)

    assert process.stop() is False

    wait_until(lambda: not any(is_running(pid) for pid in pids))
    log.close()


def test_children_of_a_process_that_died_are_ended_too(tmp_path: Path) -> None:
    orphans = STUBBORN.replace("time.sleep(600)\n", "sys.exit(7)\n").replace(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n", ""
    )
    process, log, lines = begin(part("parent", orphans), tmp_path)
    wait_until(lambda: process.status == 7 and lines)
    child = int(lines[0].split()[1])
    assert is_running(child)

    process.stop()

    wait_until(lambda: not is_running(child))
    log.close()


def test_a_home_is_held_by_one(tmp_path: Path) -> None:
    with (
        RunFiles(tmp_path).locked(),
        pytest.raises(ConfigurationError, match=r"is up already in .* set FRONTDESK_HOME"),
        RunFiles(tmp_path).locked(),
    ):
        pass
    with RunFiles(tmp_path).locked():
        pass


def test_what_a_killed_run_left_behind_is_ended(tmp_path: Path) -> None:
    process, log, lines = begin(part("receiver", SAY_AND_WAIT, ready_line="here I am"), tmp_path)
    wait_until(lambda: lines)
    run_files = RunFiles(tmp_path)
    with run_files.locked():
        run_files.add("receiver", process.pid)

        assert run_files.stop_leftovers() == ["receiver"]
        assert run_files.stop_leftovers() == []

    wait_until(lambda: process.status is not None)
    log.close()


def test_another_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    process, log, _ = begin(part("other", SAY_AND_WAIT), tmp_path)
    run_files = RunFiles(tmp_path)
    with run_files.locked():
        (tmp_path / "run" / "receiver.pid").write_text(f"{process.pid} 12345", encoding="ascii")
        (tmp_path / "run" / "cut.pid").write_text("", encoding="ascii")

        assert run_files.stop_leftovers() == []

    assert process.status is None
    assert list((tmp_path / "run").glob("*.pid")) == []
    process.stop()
    log.close()
