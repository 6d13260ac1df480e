"""The `frontdesk` command: what each package registers; expected errors are shown as one line."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.private_files import begin_privately

COMMANDS_GROUP = "frontdesk.commands"
#: The status of a program that Ctrl-C ended, as shells have it.
_INTERRUPTED = 130


def build_app(command: str | None = None) -> typer.Typer:
    """Return the Typer application with every registered command, or with what registers this one alone.

    Everything takes seconds to import, and most commands need little of it.
    """
    app = typer.Typer(
        name="frontdesk",
        help="Frontdesk: the log is the truth, every decision is a row of SQL over it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    registered = {entry.name: entry for entry in entry_points(group=COMMANDS_GROUP)}
    entries = [registered[command]] if command in registered else list(registered.values())
    # Several commands can be of one module.
    for entry in {entry.value: entry for entry in entries}.values():
        app.add_typer(entry.load())
    return app


def main() -> None:
    """Run the command line; an expected error ends it with status 1 and its reason on stderr."""
    begin_privately()
    try:
        build_app(next(iter(sys.argv[1:]), None))()
    except FrontdeskError as error:
        _end(error.title, error.detail)
    except RuntimeError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        sys.exit(_INTERRUPTED)  # in the middle of a query: DuckDB raises its own error then
    except OSError as error:
        # A home that is no folder, can't be written, or is full.
        _end("Not possible", f"{error}; FRONTDESK_HOME must be a folder that this user can write")


def _end(title: str, detail: str) -> NoReturn:
    # Escaped: names of columns and keys may look like Rich's markup.
    Console(stderr=True, soft_wrap=True).print(f"[bold red]{title}:[/] {escape(detail)}", highlight=False)
    sys.exit(1)
