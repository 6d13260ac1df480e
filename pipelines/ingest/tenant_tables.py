"""Puts rows made of the tenants' files into the tables of the raw schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa


def replace_rows(
    connection: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Make these the rows of raw.<table>; columns by name."""
    connection.execute(f"delete from raw.{table}")
    connection.register("tenant_rows", pa.Table.from_pylist(list(rows), schema=schema))
    connection.execute(f"insert into raw.{table} by name select * from tenant_rows")
    connection.unregister("tenant_rows")
