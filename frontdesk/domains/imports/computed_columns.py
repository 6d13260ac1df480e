"""Columns that the mapping computes from the file's own, before any field reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from frontdesk.core.errors import ImportFileError
from frontdesk.domains.imports.cell_values import parse_number
from frontdesk.domains.imports.csv_file import CsvFile
from frontdesk.domains.imports.mapping import ColumnRule, FileOptions, LookUp, Operand
from frontdesk.domains.imports.problems import CellError, quoted

Cells = Mapping[str, str]
#: A report carries a computed number beside the row, so that a corrected row keeps it: its column begins with this.
KEPT = "kept "


class ComputedColumns:
    """The computed columns of one file, in the order of the mapping: a later one can read an earlier one.

    Numbers of rows and occurrences count every row of the file, also those that are refused later on.
    """

    def __init__(
        self, rules: Mapping[str, ColumnRule], *, header: Sequence[str], file: FileOptions, folder: Path
    ) -> None:
        self._header = frozenset(header)
        self._read: dict[str, Callable[[Cells], str]] = {
            name: self._compile(name, rule, file=file, folder=folder) for name, rule in rules.items()
        }

    def add(self, cells: dict[str, str]) -> list[tuple[str, str]]:
        """Put the columns beside the row's own; return what could not be computed, as (column, reason)."""
        problems: list[tuple[str, str]] = []
        for name, read in self._read.items():
            try:
                cells[name] = read(cells)
            except CellError as error:
                cells[name] = ""
                problems.append((error.column or name, error.reason))
        return problems

    def _compile(self, name: str, rule: ColumnRule, *, file: FileOptions, folder: Path) -> Callable[[Cells], str]:
        read = self._compile_origin(name, rule, file=file, folder=folder)
        if_empty, places = rule.if_empty, rule.round

        def read_all(cells: Cells) -> str:
            text = read(cells)
            if text and places is not None:
                text = _rounded(text, places=places, decimal_mark=file.decimal_mark)
            return text or if_empty or ""

        return read_all

    def _compile_origin(
        self, name: str, rule: ColumnRule, *, file: FileOptions, folder: Path
    ) -> Callable[[Cells], str]:
        mark = file.decimal_mark
        if rule.sum is not None:
            return _compile_sum(rule.sum, minus=rule.minus, decimal_mark=mark)
        if rule.product is not None:
            return _compile_product(rule.product, decimal_mark=mark)
        if rule.occurrence is not None:
            return self._keep(name, _compile_occurrence(rule.occurrence))
        if rule.row_number:
            return self._keep(name, _compile_row_number())
        if rule.look_up is not None:
            return _compile_look_up(rule.look_up, file=file, folder=folder)
        columns = rule.column or ()
        return lambda cells: next((cells[column] for column in columns if cells[column]), "")

    def _keep(self, name: str, count: Callable[[Cells], str]) -> Callable[[Cells], str]:
        """Take the number that a report kept of the row; rows counted now would get others."""
        kept = f"{KEPT}{name}"
        if kept not in self._header:
            return count

        def read(cells: Cells) -> str:
            counted = count(cells)
            return cells[kept] or counted

        return read


def kept_columns(rules: Mapping[str, ColumnRule]) -> list[str]:
    """Return the computed columns whose numbers depend on the other rows of the file."""
    return [name for name, rule in rules.items() if rule.row_number or rule.occurrence is not None]


def columns_of(rule: ColumnRule) -> list[str]:
    """Return every column that the rule reads."""
    operands = [*(rule.sum or ()), *(rule.minus or ()), *(rule.product or ())]
    return [
        *(rule.column or ()),
        *(operand.column for operand in operands if operand.column is not None),
        *(rule.occurrence or ()),
        *([rule.look_up.column] if rule.look_up is not None else []),
    ]


def _number(operand: Operand, cells: Cells, *, decimal_mark: str) -> tuple[Decimal, str] | None:
    text = operand.constant if operand.column is None else cells[operand.column]
    if not text:
        return None
    try:
        return parse_number(text, decimal_mark=decimal_mark if operand.column is not None else ".")
    except CellError as error:
        raise CellError(error.reason, column=operand.column or "") from error


def _compile_sum(
    plus: Sequence[Operand], *, minus: Sequence[Operand] | None, decimal_mark: str
) -> Callable[[Cells], str]:
    signed = [*((operand, 1) for operand in plus), *((operand, -1) for operand in minus or ())]

    def read(cells: Cells) -> str:
        """Return the sum; empty cells count nothing, and it is empty if all of them are."""
        numbers = [(_number(operand, cells, decimal_mark=decimal_mark), sign) for operand, sign in signed]
        terms = [(number, sign) for number, sign in numbers if number is not None]
        if not terms:
            return ""
        total = sum((value * sign for (value, _), sign in terms), Decimal(0))
        return _number_text(total, _one_unit([unit for (_, unit), _ in terms]), decimal_mark=decimal_mark)

    return read


def _compile_product(operands: Sequence[Operand], *, decimal_mark: str) -> Callable[[Cells], str]:
    def read(cells: Cells) -> str:
        """Return the product; empty if a cell is."""
        total, units = Decimal(1), []
        for operand in operands:
            number = _number(operand, cells, decimal_mark=decimal_mark)
            if number is None:
                return ""
            total *= number[0]
            units.append(number[1])
        return _number_text(total, _one_unit(units), decimal_mark=decimal_mark)

    return read


def _one_unit(units: Sequence[str]) -> str:
    distinct_units = sorted(set(units) - {""})
    if len(distinct_units) > 1:
        raise CellError(f"its columns are in {' and '.join(distinct_units)}, which can't be reckoned together")
    return distinct_units[0] if distinct_units else ""


def _number_text(number: Decimal, unit: str, *, decimal_mark: str) -> str:
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text.replace('.', decimal_mark)} {unit}".strip()


def _rounded(text: str, *, places: int, decimal_mark: str) -> str:
    number, unit = parse_number(text, decimal_mark=decimal_mark)
    # Half away from zero, as invoices are rounded.
    whole = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{whole:f}".replace(".", decimal_mark) + (f" {unit}" if unit else "")


def _compile_occurrence(columns: Sequence[str]) -> Callable[[Cells], str]:
    seen: Counter[tuple[str, ...]] = Counter()

    def read(cells: Cells) -> str:
        key = tuple(cells[column].casefold() for column in columns)
        seen[key] += 1
        return str(seen[key])

    return read


def _compile_row_number() -> Callable[[Cells], str]:
    count = 0

    def read(_cells: Cells) -> str:
        nonlocal count
        count += 1
        return str(count)

    return read


def _compile_look_up(rule: LookUp, *, file: FileOptions, folder: Path) -> Callable[[Cells], str]:
    values = _read_look_up(rule, file=file, path=folder / rule.file)

    def read(cells: Cells) -> str:
        key = cells[rule.column].casefold()
        if not key:
            return ""
        value = values.get(key, rule.otherwise)
        if value is None:
            raise CellError(
                f"{quoted(cells[rule.column])} is not in column {quoted(rule.key)} of {rule.file}; "
                "add it there, or say otherwise",
                column=rule.column,
            )
        return value

    return read


def _read_look_up(rule: LookUp, *, file: FileOptions, path: Path) -> dict[str, str]:
    changes = {name: value for name in ("encoding", "delimiter") if (value := getattr(rule, name)) is not None}
    with CsvFile(path, file.model_copy(update={"skip_lines": 0, **changes})) as other:
        for name in (rule.key, rule.value):
            if name not in other.header:
                raise ImportFileError(
                    f"{path}: the header has no column {name!r}; its columns are: {', '.join(other.header)}"
                )
        key_place, value_place = other.header.index(rule.key), other.header.index(rule.value)
        values: dict[str, str] = {}
        lines: dict[str, int] = {}
        for record in other.records():
            if record.problem:
                raise ImportFileError(f"{path}: line {record.line}: {record.problem}")
            key, value = record.cells[key_place].strip().casefold(), record.cells[value_place].strip()
            if key in values and values[key] != value:
                raise ImportFileError(
                    f"{path}: line {record.line}: {rule.key} {record.cells[key_place]!r} is on line {lines[key]} "
                    f"too, with another {rule.value}; keep one"
                )
            values[key], lines[key] = value, record.line
    return values
