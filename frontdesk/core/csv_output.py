"""The one writer of CSV: what a spreadsheet would run as a formula is written as text.

A customer can be called `=HYPERLINK(...)`. Text that begins with what starts a formula gets an apostrophe in front,
which spreadsheets show as text and readers can take off again. Numbers and phones with a sign stay as they are: they
have no letters, so there is nothing in them that a formula could call.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Protocol

#: = + - @ and what of them stands in East Asian fonts; tabs and line ends are dropped before them by some readers.
_BEGINS_FORMULA = re.compile(r"\s*'*\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_IS_NUMBER_OR_PHONE = re.compile(r"\s*[+\-][\d .,()/-]*\d[\d .,()/-]*")
_TEXT_MARK = "'"


class _Stream(Protocol):
    def write(self, text: str, /) -> object: ...


class CsvWriter:
    """Writes rows to an open text stream."""

    def __init__(self, stream: _Stream, *, delimiter: str = ",", quote: str = '"', line_end: str = "\r\n") -> None:
        self._writer = csv.writer(stream, delimiter=delimiter, quotechar=quote, lineterminator=line_end)

    def write(self, cells: Iterable[object]) -> None:
        """Write one row; None is an empty cell."""
        self._writer.writerow([as_text_cell(cell) for cell in cells])


def as_text_cell(cell: object) -> object:
    """Return the cell, marked as text if a spreadsheet would run it.

    >>> as_text_cell("=1+1"), as_text_cell("+61 491 570 156"), as_text_cell(-5)
    ("'=1+1", '+61 491 570 156', -5)
    """
    if not isinstance(cell, str) or not _BEGINS_FORMULA.match(cell) or _IS_NUMBER_OR_PHONE.fullmatch(cell):
        return cell
    return _TEXT_MARK + cell


def without_text_mark(cell: str) -> str:
    """Return the text that `as_text_cell` was given.

    >>> without_text_mark("'=1+1"), without_text_mark("'s Gravenhage")
    ('=1+1', "'s Gravenhage")
    """
    is_marked = cell.startswith(_TEXT_MARK) and as_text_cell(cell.removeprefix(_TEXT_MARK)) == cell
    return cell.removeprefix(_TEXT_MARK) if is_marked else cell
