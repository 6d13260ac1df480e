"""`frontdesk sql`: one question to the published warehouse, as a table or CSV."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from frontdesk.core.csv_output import CsvWriter
from frontdesk.core.errors import ConfigurationError, FrontdeskError
from frontdesk.core.published.connection import open_published
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.core.settings import load_settings

app = typer.Typer()

_MAX_ROWS_SHOWN = 200
_ROWS_AT_ONCE = 10_000


class QueryError(FrontdeskError):
    """The analyst's SQL is wrong; the detail is DuckDB's own words."""

    title = "Query refused"


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="One statement; left out: read it from standard input.")] = None,
    is_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Query the published warehouse (schemas marts, activation and reports), read-only."""
    path = load_settings().analytics_path
    if not path.exists():
        raise NothingPublishedError.at(path)
    if query is None and sys.stdin.isatty():
        raise ConfigurationError('give a statement, as in: frontdesk sql "select * from marts.dim_tenants"')
    text = query if query is not None else typer.get_text_stream("stdin").read()
    with _open(path) as connection:
        try:
            relation = connection.sql(text)
        except duckdb.Error as error:
            raise QueryError(str(error)) from error
        if relation is None:
            return
        if is_csv:
            _print_csv(relation)
        else:
            _print_table(relation)


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return open_published(path, limits={})  # an analyst's question may take the whole machine
    except duckdb.Error as error:
        raise QueryError(f"{path} can't be read: {error}") from error


def _print_csv(relation: duckdb.DuckDBPyRelation) -> None:
    # Not by pandas, which makes floats of whole numbers where one of them is NULL.
    writer = CsvWriter(sys.stdout, line_end="\n")
    writer.write(relation.columns)
    while rows := relation.fetchmany(_ROWS_AT_ONCE):
        for row in rows:
            writer.write(row)


def _print_table(relation: duckdb.DuckDBPyRelation) -> None:
    table = Table(*relation.columns)
    rows = relation.fetchmany(_MAX_ROWS_SHOWN + 1)
    for row in rows[:_MAX_ROWS_SHOWN]:
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console()
    console.print(table)
    if len(rows) > _MAX_ROWS_SHOWN:
        console.print(f"first {_MAX_ROWS_SHOWN} rows; use --csv or a limit for the rest")
