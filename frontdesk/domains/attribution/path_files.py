"""Reads path tables as they are published: CSV with path, total_conversions, total_conversion_value, total_null."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from frontdesk.core.errors import FrontdeskError
from frontdesk.domains.attribution.crediting.paths import PathCount

_PATH, _CONVERSIONS = "path", "total_conversions"
_VALUE, _NULLS = "total_conversion_value", "total_null"


class PathFileError(FrontdeskError):
    """The file is no path table; the detail names line, column and remedy."""

    title = "Path table refused"


@dataclass(frozen=True, slots=True)
class PathTable:
    """The paths of one file."""

    paths: tuple[PathCount, ...]
    untouched: float  #: conversions of the empty path
    untouched_value: float


def read_paths(file: Path, *, separator: str = ">") -> PathTable:
    """Read a path table; blanks around channels don't count. Value and null may be left out: nothing, and none.

    Raises PathFileError.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            header = stream.readline()
            stream.seek(0)
            # As published ones come: with semicolons too.
            reader = csv.DictReader(stream, delimiter=";" if ";" in header else ",")
            missing = [name for name in (_PATH, _CONVERSIONS) if name not in (reader.fieldnames or ())]
            if missing:
                raise PathFileError(f"{file}: the header has no column {' and no '.join(missing)}; add it")
            rows = [(f"{file}, line {reader.line_num}", row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PathFileError(f"{file}: not readable as CSV in UTF-8: {error}") from error
    paths: list[PathCount] = []
    untouched = untouched_value = 0.0
    for place, row in rows:
        channels = tuple(part.strip() for part in (row[_PATH] or "").split(separator))
        conversions, value, nulls = (_number(row, name, place=place) for name in (_CONVERSIONS, _VALUE, _NULLS))
        if channels == ("",):
            untouched, untouched_value = untouched + conversions, untouched_value + value
        elif "" in channels:
            raise PathFileError(f"{place}: path: {row[_PATH]!r} has an empty channel; remove the separator too many")
        else:
            paths.append(PathCount(channels, conversions, value=value, nulls=nulls))
    return PathTable(tuple(paths), untouched, untouched_value)


def _number(row: Mapping[str, str | None], name: str, *, place: str) -> float:
    text = (row.get(name) or "").strip()
    try:
        number = float(text or 0)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise PathFileError(f"{place}: {name}: {text!r} is no number of 0 or more; write one such as 12 or 12.5")
    return number
