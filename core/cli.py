"""The `frontdesk` command: what each package registers; expected errors are shown as one line."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import typer
from rich.console import Console
from rich.markup import escape

from core.errors import FrontdeskError

COMMANDS_GROUP = "frontdesk.commands"


def build_app() -> typer.Typer:
    """Return the Typer application with every registered command."""
    app = typer.Typer(
        name="frontdesk",
        help="Frontdesk: the log is the truth, every decision is a row of SQL over it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for entry_point in sorted(entry_points(group=COMMANDS_GROUP), key=lambda entry: entry.name):
        app.add_typer(entry_point.load())
    return app


def main() -> None:
    """Run the command line; an expected error ends it with status 1 and its reason on stderr."""
    try:
        build_app()()
    except FrontdeskError as error:
        # Escaped: names of columns and keys may look like Rich's markup.
        shown = f"[bold red]{error.title}:[/] {escape(error.detail)}"
        Console(stderr=True, soft_wrap=True).print(shown, highlight=False)
        sys.exit(1)
    except OSError as error:
        # A home that is no folder, can't be written, or is full.
        remedy = "FRONTDESK_HOME must be a folder that this user can write"
        shown = f"[bold red]Not possible:[/] {escape(str(error))}; {remedy}"
        Console(stderr=True, soft_wrap=True).print(shown, highlight=False)
        sys.exit(1)
