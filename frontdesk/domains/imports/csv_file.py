"""Reads a CSV file row by row, with the physical line of each, and goes on after what can't be read."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import TextIO

from frontdesk.core.csv_output import without_text_mark
from frontdesk.core.errors import ImportFileError
from frontdesk.domains.imports.mapping import FileOptions

#: Columns of a report of refused rows, before those of the file that they are from.
REPORT_COLUMNS = ("refused_line", "refused_column", "refused_because")
_DELIMITERS = {"tab": "\t"}
#: A line above the header by which spreadsheets are told the delimiter.
_NAMES_DELIMITER = re.compile(r'"?sep=([^"\r\n])"?[,;\t|]*\s*', re.IGNORECASE)
#: Encodings that take any bytes for text, also those of UTF-8.
_TAKES_ANYTHING = re.compile(r"cp125\d|iso8859-\d+|latin-?\d|mac-roman|cp437|cp850")
_LOOKED_AT_BYTES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row as it stands in the file."""

    line: int  #: physical line it begins on, from 1
    cells: list[str]
    problem: str = ""  #: why it can't be used; empty if it can


class CsvFile:
    """An open CSV file. Raises ImportFileError if it has no usable header.

    Rows are read strictly: a quote that is never closed refuses its own line only, and reading goes on with the
    next one, where the csv module alone would swallow the rows up to the next quote.
    """

    def __init__(self, path: Path, options: FileOptions) -> None:
        self._path = path
        self._options = options
        try:
            self._handle = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise ImportFileError(f"{path}: can't be read: {error.strerror}") from error
        try:
            self._check_encoding()
        except BaseException:
            self._handle.close()
            raise
        # Bytes that the encoding lacks become surrogates, so that one bad row does not end the import.
        # The wrapper is kept: it would close the file when nothing refers to it any more.
        self._text = TextIOWrapper(self._handle, encoding=options.encoding, errors="surrogateescape", newline="")
        self._records = self._read(_Lines(self._text, skip=options.skip_lines))
        try:
            self.header = self._read_header()
        except BaseException:
            self._handle.close()
            raise

    def __enter__(self) -> CsvFile:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._handle.close()

    @property
    def bytes_read(self) -> int:
        """How much of `size` is read by now."""
        return self._handle.tell()

    def records(self) -> Iterator[Record]:
        """Yield the rows below the header; rows without any text are left out."""
        width = len(self.header)
        is_report = self.header[: len(REPORT_COLUMNS)] == REPORT_COLUMNS
        for read in self._records:
            record = _without_text_marks(read) if is_report else read
            if not record.problem and len(record.cells) != width:
                yield self._fit(record, width)
            else:
                yield record

    def _check_encoding(self) -> None:
        """Refuse UTF-8 under an encoding that reads each of its accented letters as two signs."""
        if not _TAKES_ANYTHING.fullmatch(codecs.lookup(self._options.encoding).name):
            return
        start = self._handle.read(_LOOKED_AT_BYTES)
        self._handle.seek(0)
        if start.isascii():
            return
        try:
            codecs.getincrementaldecoder("utf-8")().decode(start)
        except UnicodeDecodeError:
            return
        raise ImportFileError(
            f"{self._path}: is UTF-8, and {self._options.encoding} would read \u00e9 as \u00c3\u00a9 in it;"
            " set file.encoding to utf-8"
        )

    def _read(self, lines: _Lines) -> Iterator[Record]:
        try:
            delimiter = lines.take_named_delimiter()
        except UnicodeError as error:
            raise self._not_encoded(1, error) from error
        reader = csv.reader(
            lines,
            delimiter=delimiter or _DELIMITERS.get(self._options.delimiter, self._options.delimiter),
            quotechar=self._options.quote,
            strict=True,
        )
        while True:
            line = lines.begin_record()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                bad = lines.give_back_all_but_first()
                yield Record(line=line, cells=[bad.rstrip("\r\n")], problem=_why_unreadable(error))
                continue
            except UnicodeError as error:
                raise self._not_encoded(line, error) from error
            if any(cell and not cell.isspace() for cell in cells):
                yield Record(line=line, cells=cells, problem=self._why_undecodable(cells))

    def _not_encoded(self, line: int, error: UnicodeError) -> ImportFileError:
        return ImportFileError(
            f"{self._path}: line {line}: is not {self._options.encoding}: {error}; set file.encoding"
        )

    def _read_header(self) -> tuple[str, ...]:
        record = next(self._records, None)
        if record is None:
            raise ImportFileError(f"{self._path}: is empty; the first row must name the columns")
        if record.problem:
            raise ImportFileError(f"{self._path}: line {record.line}: the header can't be read: {record.problem}")
        names = [" ".join(cell.split()) or f"column {place}" for place, cell in enumerate(record.cells, start=1)]
        seen: Counter[str] = Counter()
        for place, name in enumerate(names):
            seen[name] += 1
            if seen[name] > 1:
                names[place] = f"{name} ({seen[name]})"
        return tuple(names)

    def _fit(self, record: Record, width: int) -> Record:
        extra = record.cells[width:]
        if len(record.cells) > width and not any(extra):
            return Record(line=record.line, cells=record.cells[:width])
        return Record(
            line=record.line,
            cells=record.cells,
            problem=f"has {len(record.cells)} cells where the header has {width};"
            " a cell that holds the delimiter must be in quotes",
        )

    def _why_undecodable(self, cells: list[str]) -> str:
        text = "".join(cells)
        if "\x00" in text:
            return "holds a zero byte; if the file is UTF-16, set file.encoding to utf-16"
        try:
            text.encode()
        except UnicodeEncodeError:
            encoding = self._options.encoding.removesuffix("-sig")
            return f"holds bytes that are not {encoding}; set file.encoding, to cp1252 for most old Windows exports"
        return ""


def _without_text_marks(record: Record) -> Record:
    """Return a row of a report of refused rows as it was in the file that it came from."""
    return replace(record, cells=[without_text_mark(cell) for cell in record.cells])


class _Lines:
    """Physical lines of a file; those of the present record can be given back and read again."""

    def __init__(self, handle: TextIO, *, skip: int) -> None:
        self._handle = handle
        self._again: deque[str] = deque()
        self._lines_of_record: list[str] = []
        self._count = 0
        for _ in range(skip):
            next(self, None)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._handle)
        self._lines_of_record.append(line)
        self._count += 1
        return line

    def take_named_delimiter(self) -> str | None:
        """Skip a line such as `sep=;` and return the delimiter that it names; None if the next line is another."""
        line = next(self, None)
        if line is None:
            return None
        if named := _NAMES_DELIMITER.fullmatch(line):
            return named[1]
        self._again.appendleft(line)
        self._count -= 1
        return None

    def begin_record(self) -> int:
        """Forget the lines taken so far; return the number of the next one."""
        self._lines_of_record.clear()
        return self._count + 1

    def give_back_all_but_first(self) -> str:
        """Return the record's first line; the others will be read again as rows of their own."""
        first, *others = self._lines_of_record
        self._again.extendleft(reversed(others))
        self._count -= len(others)
        return first


def _why_unreadable(error: csv.Error) -> str:
    reason = str(error)
    if "unexpected end of data" in reason:
        return "has a quote that is never closed"
    if "expected after" in reason:
        return "has a quote inside a quoted cell; write it twice"
    if "field larger" in reason:
        return "has a quote that is never closed, or a cell of more than 131,072 characters"
    return f"can't be split into cells: {reason}"
