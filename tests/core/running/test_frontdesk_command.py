"""A command is run to its end or not at all, and its complaint is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.running.frontdesk_command import CommandNotRunError, CommandTimeoutError, Ended, run_frontdesk
from tests.core.running.answering_command import frontdesk


def test_what_it_prints_and_its_status_are_told(tmp_path: Path) -> None:
    command = frontdesk(tmp_path, 'echo "$1 $HOME_OF_IT"; echo no >&2; exit 3')
    ended = run_frontdesk(["hello"], timeout_seconds=10, environ={"HOME_OF_IT": "here"}, command=command)
    assert ended == Ended(3, "hello here\n", "no\n")


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    command = frontdesk(tmp_path, "exec sleep 60")
    with pytest.raises(CommandTimeoutError, match=r"it took longer than 0\.2 s"):
        run_frontdesk([], timeout_seconds=0.2, command=command)


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandNotRunError, match=r"nothing can't be run: "):
        run_frontdesk([], timeout_seconds=10, command=tmp_path / "nothing")


@pytest.mark.parametrize(
    ("ended", "complaint"),
    [
        (Ended(1, "printed", "one\ntwo\nthree\n"), "two\nthree"),
        (Ended(1, "printed\n", ""), "printed"),
        (Ended(7, "", ""), "it ended with status 7"),
    ],
)
def test_a_complaint_is_the_last_of_what_it_said(ended: Ended, complaint: str) -> None:
    assert ended.complaint(last_lines=2) == complaint
