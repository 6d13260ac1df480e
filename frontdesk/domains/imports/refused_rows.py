"""The report of rows that are not wholly in the log: a file like theirs, to be corrected and imported again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from frontdesk.core.csv_output import CsvWriter
from frontdesk.core.errors import ImportFileError
from frontdesk.domains.imports.csv_file import REPORT_COLUMNS
from frontdesk.domains.imports.importer import RowFate
from frontdesk.domains.imports.mapping import FileOptions
from frontdesk.domains.imports.problems import MappedRow


class RefusedRows:
    """Writes one row for each: where and why, then its own cells, in the encoding and form it came in.

    A cell that a spreadsheet would run has an apostrophe in front, which reading such a report takes off again.
    """

    def __init__(self, path: Path, *, header: Sequence[str], options: FileOptions, kept: Sequence[str] = ()) -> None:
        encoding = options.encoding.removesuffix("-sig")
        try:
            # Bytes that could not be decoded go out as they came in; a reason may hold what the encoding lacks.
            self._handle = path.open("x", encoding=encoding, errors="surrogateescape", newline="")
        except OSError as error:
            raise ImportFileError(f"{path}: the report can't be written: {error.strerror}") from error
        delimiter = "\t" if options.delimiter == "tab" else options.delimiter
        self._writer = CsvWriter(self._handle, delimiter=delimiter, quote=options.quote)
        self._encoding = encoding
        # Where the mapping skips lines above the header, it must find them here too.
        self._handle.write("\n" * options.skip_lines)
        # A report of a report has the columns of the first already.
        self._width = len(header)
        self._own = [place for place, name in enumerate(header) if name not in (*REPORT_COLUMNS, *kept)]
        self._writer.write([*REPORT_COLUMNS, *kept, *(header[place] for place in self._own)])

    def __enter__(self) -> RefusedRows:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._handle.close()

    def write(self, row: MappedRow, fate: RowFate) -> None:
        """Add a row."""
        columns = ", ".join(dict.fromkeys(problem.column for problem in row.problems if problem.column))
        reasons = "; ".join(
            dict.fromkeys(describe_problem(problem.column, problem.reason) for problem in row.problems)
        )
        if fate is RowFate.IN_PART:
            reasons = f"is in the log but for this: {reasons}"
        texts = [
            text.encode(self._encoding, "backslashreplace").decode(self._encoding) for text in (columns, reasons)
        ]
        own = [row.cells[place] for place in self._own] if len(row.cells) == self._width else row.cells
        self._writer.write([row.line, *texts, *row.kept, *own])


def describe_problem(column: str, reason: str) -> str:
    """Return one problem as a phrase."""
    return f"{column}: {reason}" if column else reason
