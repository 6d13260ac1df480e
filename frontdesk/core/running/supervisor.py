"""Runs all parts together until it is told to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.running.output import OutputLog
from frontdesk.core.running.part_supervisor import PartSupervisor, State
from frontdesk.core.running.parts import Part
from frontdesk.core.running.run_files import RunFiles
from frontdesk.core.running.screen import Screen

_POLL_S = 0.1
#: Starts in a row that may fail before the receiver has ever been ready; then everything ends.
_MAX_FAILED_STARTS = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartError(FrontdeskError):
    """A part without which nothing works can't be started."""

    title = "Not started"


def run_parts(parts: Sequence[Part], *, logs: Path, run_files: RunFiles, screen: Screen) -> None:
    """Start the parts, keep them up, and stop them on SIGINT, SIGTERM or SIGHUP.

    Raises StartError, with everything stopped again, if the receiver can't be started three times in a row.
    """
    stopping = threading.Event()
    supervisors = {
        part.name: PartSupervisor(
            part,
            log=OutputLog(logs / f"{part.name}.log"),
            run_files=run_files,
            stopping=stopping,
            on_change=screen.show_change,
            on_line=screen.show_line,
        )
        for part in parts
    }
    with _signals() as requests:
        for supervisor in supervisors.values():
            before = supervisors.get(supervisor.part.after or supervisor.part.gives_way_to or "")
            supervisor.start(after=before.was_ready if before else None)
        try:
            _watch(list(supervisors.values()), requests=requests, screen=screen)
        finally:
            screen.show_stopping()
            stopping.set()
            for supervisor in supervisors.values():
                supervisor.join()
    screen.show_stopped()


def _watch(supervisors: Sequence[PartSupervisor], *, requests: list[int], screen: Screen) -> None:
    is_shown = False
    while not requests:
        states = {supervisor.part.name: supervisor.state for supervisor in supervisors}
        if not is_shown and all(_is_settled(supervisor.part, states) for supervisor in supervisors):
            screen.show_addresses([supervisor.part for supervisor in supervisors], states)
            is_shown = True
        for supervisor in supervisors:
            if supervisor.part.group == "receiver" and supervisor.count_failed_starts >= _MAX_FAILED_STARTS:
                raise StartError(f"the {supervisor.part.name} failed {_MAX_FAILED_STARTS} times; its output is above")
        # Not an event's wait: a signal that comes while the main thread holds the event's lock would block for ever.
        time.sleep(_POLL_S)


def _is_settled(part: Part, states: Mapping[str, State]) -> bool:
    """Whether nothing more is to be awaited of a part's first start."""
    if states[part.name] is State.WAITING:
        return states.get(part.after or "") is State.FAILED
    return states[part.name] is not State.STARTING


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect stop requests. Our handlers also make the children begin with the signals' default meaning."""
    requests: list[int] = []

    def request(number: int, _frame: FrameType | None) -> None:
        requests.append(number)

    before: dict[signal.Signals, Any] = {number: signal.signal(number, request) for number in _SIGNALS}
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
