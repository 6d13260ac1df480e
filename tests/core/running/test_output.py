"""Log files: no colours, a limit on their size, the last lines at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.running import output
from frontdesk.core.running.output import OutputLog


def test_colours_are_left_out_and_the_last_lines_kept(tmp_path: Path) -> None:
    log = OutputLog(tmp_path / "logs" / "one.log")
    assert log.write(b"\x1b[32mgreen\x1b[0m \xff\n") == "green \ufffd"
    for number in range(30):
        log.write(f"line {number}\n".encode())
    log.write(b"\n")

    assert log.last_lines()[-1] == "line 29"
    assert len(log.last_lines()) == 15
    log.begin()
    assert log.last_lines() == []
    log.close()
    assert log.write(b"too late\n") == "too late"
    assert log.path.read_bytes().startswith(b"green \xff\nline 0\n")


def test_it_goes_on_where_an_earlier_run_ended(tmp_path: Path) -> None:
    for text in (b"first\n", b"second\n"):
        log = OutputLog(tmp_path / "one.log")
        log.write(text)
        log.close()

    assert (tmp_path / "one.log").read_text(encoding="utf-8") == "first\nsecond\n"


def test_old_files_are_numbered_and_three_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_MAX_BYTES", 10)
    log = OutputLog(tmp_path / "one.log")
    for number in range(6):
        log.write(f"file number {number}\n".encode())
    log.close()

    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == {
        "one.log": "",
        "one.log.1": "file number 5\n",
        "one.log.2": "file number 4\n",
        "one.log.3": "file number 3\n",
    }
