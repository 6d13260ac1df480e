"""Parts are started in order, kept up, and stopped together."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from frontdesk.core.running import part_supervisor
from frontdesk.core.running.part_supervisor import State
from frontdesk.core.running.parts import Part
from frontdesk.core.running.run_files import RunFiles
from frontdesk.core.running.supervisor import StartError, run_parts
from tests.core.running.standins import (
    FAIL,
    SAY_AND_WAIT,
    SERVE_GIVEN,
    RecordingScreen,
    is_running,
    part,
    server,
    wait_until,
)

Run = Callable[[Sequence[Part], Callable[[], None]], None]


@pytest.fixture
def screen(tmp_path: Path) -> RecordingScreen:
    return RecordingScreen(tmp_path / "logs")


@pytest.fixture
def run_files(tmp_path: Path) -> Iterator[RunFiles]:
    files = RunFiles(tmp_path)
    with files.locked():
        yield files


@pytest.fixture
def run(screen: RecordingScreen, run_files: RunFiles, tmp_path: Path) -> Run:
    """Run parts, do something beside them, and stop as SIGTERM would."""

    def run(parts: Sequence[Part], meanwhile: Callable[[], None]) -> None:
        with _meanwhile(meanwhile):
            run_parts(parts, logs=tmp_path / "logs", run_files=run_files, screen=screen)

    return run


@contextmanager
def _meanwhile(work: Callable[[], None]) -> Iterator[None]:
    problems: list[BaseException] = []

    def do() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's own thread
            problems.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    # Until run_parts has taken the signal over, it must not end the tests.
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    thread = threading.Thread(target=do)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        signal.signal(signal.SIGTERM, before)
    if problems:
        raise problems[0]


def pid_of(tmp_path: Path, name: str) -> int:
    return int((tmp_path / "run" / f"{name}.pid").read_text(encoding="ascii").split()[0])


def test_parts_come_up_and_are_stopped(run: Run, screen: RecordingScreen, tmp_path: Path) -> None:
    receiver, other = server("receiver", group="receiver"), part("other", SAY_AND_WAIT, ready_line="here I am")
    pids: list[int] = []

    def meanwhile() -> None:
        wait_until(lambda: "Ctrl-C" in screen.shown.getvalue())
        assert httpx.get(receiver.url, trust_env=False).status_code == 200
        pids.extend([pid_of(tmp_path, "receiver"), pid_of(tmp_path, "other")])

    run([receiver, other], meanwhile)

    assert (screen.count("receiver", State.READY), screen.count("other", State.READY)) == (1, 1)
    assert receiver.url in screen.shown.getvalue()
    assert screen.shown.getvalue().endswith("Stopping ...\nStopped.\n")
    assert not any(is_running(pid) for pid in pids)
    assert list((tmp_path / "run").glob("*.pid")) == []
    assert (tmp_path / "logs" / "receiver.log").read_text(encoding="utf-8") == "listening\n"


@pytest.mark.parametrize("waits_as", ["after", "gives_way_to"])
def test_a_part_is_started_once_the_one_that_it_needs_or_gives_way_to_is_ready(
    run: Run, screen: RecordingScreen, waits_as: str
) -> None:
    code = part("code", SAY_AND_WAIT, ready_line="here I am")
    web = server("web", **{waits_as: "code"})

    run([web, code], lambda: wait_until(lambda: screen.count("web", State.READY)))

    order = [(change.part.name, change.state) for change in screen.changes]
    assert order.index(("code", State.READY)) < order.index(("web", State.STARTING))


def test_a_part_gives_way_for_some_seconds_at_most(
    run: Run, screen: RecordingScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_supervisor, "_GIVES_WAY_S", 0.1)
    code = part("code", SAY_AND_WAIT, ready_line="never said")
    web = server("web", gives_way_to="code")

    run([web, code], lambda: wait_until(lambda: screen.count("web", State.READY)))

    assert screen.count("code", State.READY) == 0


def test_what_nobody_needs_is_started_when_somebody_does(run: Run, screen: RecordingScreen, tmp_path: Path) -> None:
    pages = server("pages", command=(sys.executable, "-c", SERVE_GIVEN), is_on_demand=True)
    pid_file = tmp_path / "run" / "pages.pid"

    def meanwhile() -> None:
        wait_until(lambda: screen.count("pages", State.LISTENING) == 1)
        assert not pid_file.exists()
        assert httpx.get(pages.url, trust_env=False).status_code == 200
        wait_until(lambda: screen.count("pages", State.READY) == 1)
        assert pid_file.exists()
        httpx.get(f"{pages.url}/end", trust_env=False)
        wait_until(lambda: screen.count("pages", State.LISTENING) == 2)
        assert not pid_file.exists()
        assert httpx.get(pages.url, trust_env=False).status_code == 200

    run([pages], meanwhile)

    assert screen.count("pages", State.FAILED) == 0
    assert f"starts when it is opened  {pages.url}" in screen.shown.getvalue()


def test_what_is_killed_is_started_again(run: Run, screen: RecordingScreen, tmp_path: Path) -> None:
    receiver = server("receiver", group="receiver")

    def meanwhile() -> None:
        wait_until(lambda: screen.count("receiver", State.READY) == 1)
        os.kill(pid_of(tmp_path, "receiver"), signal.SIGKILL)
        wait_until(lambda: screen.count("receiver", State.READY) == 2)

    run([receiver], meanwhile)

    [failure] = [change for change in screen.changes if change.state is State.FAILED]
    assert failure.reason == "was killed by signal 9"
    assert failure.last_lines == ("listening",)
    assert failure.retry_in_s == 1.0


def test_a_part_that_fails_does_not_stop_the_others(run: Run, screen: RecordingScreen) -> None:
    receiver, broken = server("receiver", group="receiver"), part("code", FAIL, ready_line="never")
    waits = part("web", SAY_AND_WAIT, after="code", ready_line="here I am")

    run([receiver, broken, waits], lambda: wait_until(lambda: screen.count("code", State.FAILED) == 2))

    shown = screen.shown.getvalue()
    assert "ended with status 3; starting again in 1 s" in shown
    assert "the settings are wrong" in shown
    assert "(it said the same as before)" in shown
    assert "Ctrl-C stops everything." in shown
    assert screen.count("receiver", State.FAILED) == 0
    assert screen.count("web", State.STARTING) == 0
    waits_between = [change.retry_in_s for change in screen.changes if change.state is State.FAILED]
    assert waits_between == [1.0, 2.0]


def test_without_the_receiver_everything_ends(screen: RecordingScreen, run_files: RunFiles, tmp_path: Path) -> None:
    parts = [part("receiver", FAIL, group="receiver", ready_url="http://127.0.0.1:1"), server("dashboard")]

    with pytest.raises(StartError, match="the receiver failed 3 times"):
        run_parts(parts, logs=tmp_path / "logs", run_files=run_files, screen=screen)

    assert screen.count("dashboard", State.STOPPED) == 1
    assert list((tmp_path / "run").glob("*.pid")) == []


def test_a_command_that_is_not_there_is_told(run: Run, screen: RecordingScreen) -> None:
    missing = part("code", "", command=("/nowhere/dagster",), ready_line="never")

    run([missing], lambda: wait_until(lambda: screen.count("code", State.FAILED)))

    assert "can't be started: [Errno 2]" in screen.changes[1].reason


def test_the_signals_mean_what_they_meant_before(run: Run, screen: RecordingScreen) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)]

    run(
        [part("other", SAY_AND_WAIT, ready_line="here I am")],
        lambda: wait_until(lambda: screen.count("other", State.READY)),
    )

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)] == before
