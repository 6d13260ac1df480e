"""`frontdesk attribution`: every model over a path table, side by side, to be held against published results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from frontdesk.domains.attribution.crediting.markov import markov
from frontdesk.domains.attribution.crediting.paths import NO_CHANNEL, ModelCredits, with_untouched
from frontdesk.domains.attribution.crediting.position_rules import rule_credits
from frontdesk.domains.attribution.crediting.shapley import shapley
from frontdesk.domains.attribution.path_files import PathTable, read_paths

app = typer.Typer()


@app.command()
def attribution(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV: path ('a > b > c'), total_conversions, total_conversion_value, total_null.", show_default=False
        ),
    ],
    order: Annotated[int, typer.Option(min=1, max=5, help="How many channels back a Markov step depends on.")] = 1,
    separator: Annotated[str, typer.Option(help="What stands between two channels of a path.")] = ">",
    direct: Annotated[
        list[str] | None, typer.Option(help="Channel that last_non_direct passes over; may be given several times.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with all digits.")] = False,
) -> None:
    """Credit the channels of a path table by every model that needs no times."""
    table = read_paths(file, separator=separator)
    models = credit_channels(table, order=order, direct=direct or ["direct", "unknown"])
    if as_json:
        typer.echo(json.dumps({name: asdict(credited) for name, credited in models.items()}, indent=2))
        return
    console = Console()
    console.print(_shown("Conversions", {name: credited.conversions for name, credited in models.items()}))
    if any(value for credited in models.values() for value in credited.value.values()):
        console.print(_shown("Value", {name: credited.value for name, credited in models.items()}))


def credit_channels(table: PathTable, *, order: int, direct: list[str]) -> dict[str, ModelCredits]:
    """Return the credits of each model; conversions of the empty path are the channel `none`'s in all of them."""
    models = {
        **rule_credits(table.paths, direct=direct),
        "markov": markov(table.paths, order=order).credits,
        "markov_no_nulls": markov(table.paths, order=order, with_nulls=False).credits,
        "shapley": shapley(table.paths),
    }
    return {
        name: with_untouched(credited, conversions=table.untouched, value=table.untouched_value)
        for name, credited in models.items()
    }


def _shown(title: str, models: Mapping[str, Mapping[str, float]]) -> Table:
    shown = Table("channel", *models, title=title)
    for column in shown.columns[1:]:
        column.justify = "right"
    channels = {channel for credited in models.values() for channel in credited}
    # `none` is no channel: last, as the rest.
    for channel in sorted(channels, key=lambda channel: (channel == NO_CHANNEL, channel)):
        shown.add_row(channel, *(f"{credited.get(channel, 0):,.2f}" for credited in models.values()))
    return shown
