"""Commands on the warehouse: follow the log once, build it again, query what is published."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from typing import Annotated

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from core.errors import ConfigurationError, FrontdeskError
from core.explaining.errors import NothingPublishedError
from core.settings import load_settings
from pipelines.attribution.command_line import app as attribution
from pipelines.delivery.dispatching import open_dispatcher
from pipelines.lib.assembly import build_modeller
from pipelines.lib.verification import Difference
from pipelines.progress import progress_bar
from pipelines.reporting.command_line import app as report_app

app = typer.Typer()
app.add_typer(attribution)
app.add_typer(report_app)

_MAX_ROWS_SHOWN = 200
#: A command that waits for no more than this, such as for its turn in the rate of its number, is waited for.
_PATIENCE = timedelta(seconds=10)


class QueryError(FrontdeskError):
    """The analyst's SQL is wrong; the detail is DuckDB's own words."""

    title = "Query refused"


@app.command()
def process(
    once: Annotated[bool, typer.Option("--once", help="Follow the log to its end, then exit.")] = False,
) -> None:
    """Follow the log: copy, model, publish, send what is due. Without --once use `frontdesk up`."""
    if not once:
        raise ConfigurationError("give --once; the continuous path runs inside Dagster: `frontdesk up`")
    settings = load_settings()
    modeller = build_modeller(settings, published_by="frontdesk process")
    with closing(open_dispatcher(settings)) as dispatcher:
        with progress_bar("modelling") as report, modeller.opened(progress=report):
            count = modeller.follow_to_end(progress=report)
            dispatcher.dispatch_due(patience=_PATIENCE)
            count += modeller.follow_to_end(progress=report)  # what became of the commands
            sequence = modeller.modelled_sequence
        told = dispatcher.alerts.counts()
    Console().print(f"Modelled through event {sequence} ({count} in live batches); published.")
    Console().print(_describe_outcomes(told))


@app.command()
def rebuild(
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Build beside, compare every row with the live warehouse, change nothing."),
    ] = False,
    tests: Annotated[bool, typer.Option(help="Run the data tests of dbt too.")] = True,
) -> None:
    """Build the warehouse again from the first event of the log, and publish it."""
    modeller = build_modeller(load_settings(), published_by="frontdesk rebuild")
    with progress_bar("rebuilding") as report:
        if verify:
            differences = modeller.verify(progress=report)
        else:
            modeller.rebuild(with_tests=tests, progress=report)
            modeller.open()
            modeller.close()
    if not verify:
        Console().print(f"Built from the log through event {modeller.modelled_sequence}; published.")
    elif differences:
        _print_differences(differences)
        raise typer.Exit(1)
    else:
        Console().print(f"Equal: every row of every mart, through event {modeller.modelled_sequence}.")


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="One statement; left out: read it from standard input.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Query the published warehouse (schemas marts, activation and reports), read-only."""
    path = load_settings().analytics_path
    if not path.exists():
        raise NothingPublishedError.at(path)
    if query is None and sys.stdin.isatty():
        raise ConfigurationError('give a statement, as in: frontdesk sql "select * from marts.dim_tenants"')
    text = query if query is not None else typer.get_text_stream("stdin").read()
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        try:
            relation = connection.sql(text)
        except duckdb.Error as error:
            raise QueryError(str(error)) from error
        if relation is None:
            return
        if csv:
            typer.echo(relation.to_df().to_csv(index=False), nl=False)
        else:
            _print_rows(relation)


def _describe_outcomes(counts: Mapping[str, int]) -> str:
    outcomes = {name.removeprefix("outcome_"): count for name, count in counts.items() if name.startswith("outcome_")}
    told = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
    return f"Commands: {told}." if told else "Commands: nothing was due."


def _print_differences(differences: list[Difference]) -> None:
    table = Table("mart", "rows live", "rows rebuilt", "only live", "only rebuilt", title="Not equal to a rebuild")
    for difference in differences:
        table.add_row(
            difference.mart,
            str(difference.count_left),
            str(difference.count_right),
            "\n".join(difference.only_left),
            "\n".join(difference.only_right),
        )
    Console().print(table)


def _print_rows(relation: duckdb.DuckDBPyRelation) -> None:
    table = Table(*relation.columns)
    rows = relation.fetchmany(_MAX_ROWS_SHOWN + 1)
    for row in rows[:_MAX_ROWS_SHOWN]:
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console()
    console.print(table)
    if len(rows) > _MAX_ROWS_SHOWN:
        console.print(f"first {_MAX_ROWS_SHOWN} rows; use --csv or a limit for the rest")
