"""Lists cut to what one statement can name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

#: Rows named in one statement; SQLite allows 32,766 bound values.
BATCH_SIZE = 1_000

_Value = TypeVar("_Value")


def batches(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Yield the values in lists of at most BATCH_SIZE."""
    remaining = iter(values)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch
