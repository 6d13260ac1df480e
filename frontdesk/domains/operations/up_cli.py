"""The command `frontdesk up`, which stays for as long as everything runs: it loads what it needs and no more."""

from __future__ import annotations

import os
from typing import Annotated, get_args

import typer
from rich.console import Console

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.private_files import keep_private
from frontdesk.core.running.dagster_home import open_dagster_home
from frontdesk.core.running.parts import Group, build_parts
from frontdesk.core.running.ports import check_ports
from frontdesk.core.running.run_files import RunFiles
from frontdesk.core.running.screen import Screen
from frontdesk.core.running.supervisor import run_parts
from frontdesk.core.settings import load_settings
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.businesses import load_businesses

app = typer.Typer()


@app.command()
def up(
    without: Annotated[
        str, typer.Option(help="Leave these out: receiver, dagster, dashboard, monitor, with commas.")
    ] = "",
    output: Annotated[bool, typer.Option("--output", help="Show what the processes print, too.")] = False,
) -> None:
    """Start receiver, Dagster, dashboard and monitor, keep them up, and stop them on Ctrl-C or SIGTERM.

    What each prints is in $FRONTDESK_HOME/logs.
    """
    settings = load_settings()
    keep_private(settings.home, group=settings.published_group)
    left_out = _parse_groups(without)
    load_businesses(settings, Business)  # raises where there is none, before anything is started
    logs = settings.home.absolute() / "logs"
    screen = Screen(Console(), logs=logs, shows_output=output)
    run_files = RunFiles(settings.home)
    with run_files.locked(), open_dagster_home(settings.home) as dagster_home:
        parts = build_parts(
            settings,
            dagster_home=dagster_home,
            without=left_out,
            environ=os.environ,
        )
        screen.show_leftovers(run_files.stop_leftovers())
        check_ports(parts, host=settings.host)
        run_parts(parts, logs=logs, run_files=run_files, screen=screen)


def _parse_groups(text: str) -> frozenset[Group]:
    known: dict[str, Group] = {group: group for group in get_args(Group)}
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(f"--without {', '.join(unknown)}: is no part; use {', '.join(known)}")
    groups = frozenset(known[name] for name in names)
    if len(groups) == len(known):
        raise ConfigurationError("--without leaves nothing to start")
    return groups
