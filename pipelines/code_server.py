"""Dagster's code server: models and sends from its first second, and serves Dagster, with its daemon, after that.

What sends the first text needs neither Dagster nor dbt. Both are loaded once it has begun; until then nothing here
takes the processor from it.
"""

from __future__ import annotations

import signal
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from frontdesk.core.settings import load_settings
from pipelines.live_process import live_process_of

#: A home that has much to catch up with is built by dbt for minutes; Dagster's pages tell of it meanwhile.
_HEAD_START_S: Final = 20.0
#: For the batch under way; `frontdesk up` kills who takes longer (parts.py).
_ENDS_WITHIN_S: Final = 5.0

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve(
    definitions: Annotated[str, typer.Option(help="The module of the definitions.")],
    socket: Annotated[Path, typer.Option(help="Where Dagster's pages and its daemon reach this process.")],
    workspace: Annotated[Path, typer.Option(help="The workspace file that names the socket.")],
) -> None:
    """Model, send and serve until SIGTERM or Ctrl-C; then close the warehouse."""
    live = live_process_of(load_settings())

    def end(_number: int, _frame: object) -> NoReturn:
        live.stop()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)  # Dagster has SIGTERM do what SIGINT does
    live.begin()
    try:
        live.wait_until_following(timeout=_HEAD_START_S)
        server = import_module("pipelines.dagster_server")
        server.serve(definitions=definitions, socket=socket, workspace=workspace)
    finally:
        live.close(within_s=_ENDS_WITHIN_S)


if __name__ == "__main__":
    app()
