"""`frontdesk watch`: the monitor alone; `frontdesk up` runs it beside everything else."""

from __future__ import annotations

import os
import signal
import threading
from typing import Annotated, Final

import typer
from rich.console import Console

from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.settings import load_settings
from frontdesk.domains.operations.alert_conditions import Condition
from frontdesk.domains.operations.monitor import PARTS, AlertThread, build_monitor
from frontdesk.domains.tenancy.directory import TenantDirectory

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

LOOK_EVERY_S: Final = 15.0
READY_LINE: Final = "Watching"
#: For the alert under way when everything ends; less than `frontdesk up` waits for this process.
_ENDS_WITHIN_S: Final = 5.0


@app.command()
def watch(
    parts: Annotated[str, typer.Option(help=f"What runs beside it, with commas: {', '.join(PARTS)}.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Look once, say what is ill, and exit.")] = False,
) -> None:
    """Watch over log, pipelines, providers and sources; tell what is ill, and when it is well again."""
    settings = load_settings()
    names = [name.strip() for name in parts.split(",") if name.strip()]
    if unknown := [name for name in names if name not in PARTS]:
        raise ConfigurationError(f"--parts {', '.join(unknown)}: is no part; use {', '.join(PARTS)}")
    engine = open_engine(settings.event_log_url)
    directory = TenantDirectory.open(engine, folder=settings.tenants_dir)
    monitor = build_monitor(
        settings, engine=engine, tenants=directory, followed=directory, environ=os.environ, parts=names
    )
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    console = Console(soft_wrap=True, highlight=False)
    if not once:
        console.print(READY_LINE)
    alerts = AlertThread(monitor)
    if not once:
        alerts.start()
    has_tables = False
    told: Condition | None = None
    while not stopping.is_set():
        try:
            if not has_tables:
                create_tables(engine, backups=settings.backups_path)
                has_tables = True
        except EventLogUnavailableError as error:
            console.print(error.detail, markup=False)
        for moment, incident in monitor.look():
            console.print(f"{moment}: {incident.title}. {incident.detail}", markup=False)
        told = _show_lost(console, monitor.lost, told=told)
        if once:
            monitor.send_alerts()
            return
        alerts.ring()
        stopping.wait(LOOK_EVERY_S)
    alerts.stop(within_s=_ENDS_WITHIN_S)


def _show_lost(console: Console, lost: Condition | None, *, told: Condition | None) -> Condition | None:
    """Show that the database can't be written, once: without it no incident is kept, so none tells. Return it."""
    if lost is not None and lost != told:
        console.print(f"{lost.title}. {lost.detail} {lost.remedy}", markup=False)
    return lost
