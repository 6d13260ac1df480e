"""Commands on the warehouse: follow the log once, build it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.private_files import keep_private
from frontdesk.core.settings import load_settings
from frontdesk.domains.operations.heartbeats import LIVE_PATH, LiveState
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.outbox.commands import Overdue
from pipelines.build.verification import Difference
from pipelines.home_parts import build_booking_tables, build_heartbeats, build_modeller
from pipelines.progress import progress_bar
from pipelines.running_dispatcher import open_dispatcher

app = typer.Typer()

#: A command that waits for no more than this, such as for its turn in the rate of its number, is waited for.
_PATIENCE = timedelta(seconds=10)


@app.command()
def process(
    once: Annotated[bool, typer.Option("--once", help="Follow the log to its end, then exit.")] = False,
) -> None:
    """Follow the log: copy, model, publish, send what is due. Without --once use `frontdesk up`."""
    if not once:
        raise ConfigurationError("give --once; the continuous path runs inside Dagster: `frontdesk up`")
    settings = load_settings()
    keep_private(settings.home, group=settings.published_group)
    position = DecidedPosition()
    modeller = build_modeller(settings, published_by="frontdesk process", position=position)
    with closing(open_dispatcher(settings, position=position)) as dispatcher:
        with progress_bar("modelling") as report, modeller.opened(progress=report):
            count = modeller.follow_to_end(progress=report)
            dispatcher.dispatch_due(patience=_PATIENCE, catch_up=modeller.follow_to_end)
            count += modeller.follow_to_end(progress=report)  # what became of the commands
            sequence = modeller.modelled_sequence
            build_heartbeats(settings).beat(LIVE_PATH, state=LiveState.ENDED, modelled_sequence=sequence)
        counts = dispatcher.dispatch_log.counts()
        waiting = dispatcher.overdue()
    Console().print(f"Modelled through event {sequence} ({count} in live batches); published.")
    Console().print(_describe_outcomes(counts))
    for line in _describe_waiting(waiting):
        Console(soft_wrap=True).print(line, markup=False, highlight=False)


@app.command()
def rebuild(
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Build beside, compare every row with the live warehouse, change nothing."),
    ] = False,
    tests: Annotated[bool, typer.Option(help="Run the data tests of dbt too.")] = True,
) -> None:
    """Build the warehouse, and what is taken by bookings, again from the first event of the log; publish it."""
    settings = load_settings()
    modeller = build_modeller(settings, published_by="frontdesk rebuild")
    claims = build_booking_tables(settings)
    with progress_bar("rebuilding") as report:
        if verify:
            wrong_claims = claims.compare()
            differences = modeller.verify(progress=report)
        else:
            claims.rebuild()
            modeller.rebuild(with_tests=tests, progress=report)
            with modeller.opened():
                sequence = modeller.modelled_sequence
    if not verify:
        Console().print(f"Built from the log through event {sequence}; published.")
    elif differences or wrong_claims:
        for each in wrong_claims:
            Console(soft_wrap=True).print(str(each), markup=False, highlight=False)
        if differences:
            _print_differences(differences)
        raise typer.Exit(1)
    else:
        Console().print(
            f"Equal: every row of every mart, through event {modeller.verified_sequence}, and every claim."
        )


def _describe_outcomes(counts: Mapping[str, int]) -> str:
    outcomes = {name.removeprefix("outcome_"): count for name, count in counts.items() if name.startswith("outcome_")}
    listed = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
    return f"Commands: {listed}." if listed else "Commands: nothing was due."


def _describe_waiting(overdue: Sequence[Overdue]) -> Iterator[str]:
    for each in overdue:
        reason = "a hold is in force" if each.is_held else each.reason or "not tried yet"
        at = f"{each.oldest_attempt_at:%Y-%m-%d %H:%M:%S}Z"
        yield (
            f"Waiting: {each.count} by {each.channel} ({each.provider}) of {each.tenant_id}, next try {at}: {reason}"
        )


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
