"""What can be wrong with one row: where, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from frontdesk.core.log.envelope import NewEvent

_SHOWN_CHARACTERS = 60


class Problem(NamedTuple):
    """One reason why a row is refused."""

    column: str  #: the column, or the field of the fact where no single column is at fault
    reason: str


class CellError(ValueError):
    """A cell that can't be read as what the mapping says."""

    def __init__(self, reason: str, *, column: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRow:
    """One row of the file as it will be imported: its events, or its problems and no event."""

    line: int  #: physical line it begins on, the first line of the file being 1
    cells: list[str]  #: as read
    events: list[NewEvent] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: Ids of a booking's end that a row of the same booking would have, where this one says that it is to come.
    endings: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  #: what a report must keep beside the cells: computed numbers


def quoted(text: str) -> str:
    """Return the text in quotes for a message, shortened if it is long."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
    return repr(shown)
