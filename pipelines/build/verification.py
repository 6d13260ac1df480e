"""Compares warehouses row by row: what the live path has made against a build from the log beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True, slots=True)
class Difference:
    """One mart that is not the same in two warehouses."""

    mart: str
    count_left: int
    count_right: int
    only_left: tuple[str, ...]  #: some rows as JSON that the right has not
    only_right: tuple[str, ...]


_EXAMPLES = 3
#: Computed by builds and not by the live path, and of the log as it was then: different by design.
_NOT_LIVE = ("fct_channel_credits_modelled",)


def mart_hashes(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """Return (row count, sum of row hashes) of every mart; equal sums mean equal sets of rows."""
    hashes = {}
    for name in _marts(connection):
        row = connection.execute(
            "select count(*), coalesce(sum(md5_number_lower(to_json(m)::varchar)::hugeint), 0) "
            f"from marts.{name} as m"
        ).fetchone()
        hashes[name] = (int(row[0]), int(row[1])) if row else (0, 0)
    return hashes


def compare_warehouses(left: Path, right: Path) -> list[Difference]:
    """Return the marts that differ, with examples; empty when every row of every mart is equal to the byte.

    Both files must be closed by their writers.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{left}' as left_side (read_only)")
        connection.execute(f"attach '{right}' as right_side (read_only)")
        hashes = []
        for side in ("left_side", "right_side"):
            connection.execute(f"use {side}")
            hashes.append(mart_hashes(connection))
        names = sorted(hashes[0].keys() | hashes[1].keys())
        return [
            _difference(connection, name, [side.get(name, (0, 0))[0] for side in hashes])
            for name in names
            if hashes[0].get(name) != hashes[1].get(name)
        ]


def _difference(connection: duckdb.DuckDBPyConnection, name: str, counts: Sequence[int]) -> Difference:
    def only(one: str, other: str) -> tuple[str, ...]:
        rows = connection.execute(
            f"select to_json(m)::varchar from {one}.marts.{name} as m "
            f"except select to_json(m)::varchar from {other}.marts.{name} as m limit {_EXAMPLES}"
        ).fetchall()
        return tuple(str(row[0]) for row in rows)

    return Difference(
        mart=name,
        count_left=counts[0],
        count_right=counts[1],
        only_left=only("left_side", "right_side"),
        only_right=only("right_side", "left_side"),
    )


def _marts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables() "
        "where schema_name = 'marts' and database_name = current_database() order by table_name"
    ).fetchall()
    return [str(row[0]) for row in rows if row[0] not in _NOT_LIVE]
