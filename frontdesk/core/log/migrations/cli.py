"""`frontdesk db`: at which revision the log's database is, and bringing it to the newest one."""

from __future__ import annotations

from importlib import import_module

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.database_errors import reason_of
from frontdesk.core.log.migrations.revisions import EMPTY, known_revisions, newest_revision, read_revision, recognise
from frontdesk.core.settings import Settings, load_settings

app = typer.Typer(
    name="db", help="The log's database: which revision it is at, and its upgrade.", no_args_is_help=True
)


@app.command()
def status() -> None:
    """Show the revision of the database, and which ones an upgrade would bring. Changes nothing."""
    settings = load_settings()
    console = Console(soft_wrap=True, highlight=False)
    url = make_url(settings.event_log_url).render_as_string(hide_password=True)
    if not _is_there(settings):
        console.print(f"{escape(url)}: not created yet; the first start creates it.")
        return
    current, is_noted = _find(open_engine(settings.event_log_url))
    note = "" if is_noted or current == EMPTY else ", told by its tables: it was made before revisions were noted"
    console.print(f"{escape(url)}: {f'revision {current}' if current != EMPTY else 'no tables yet'}{note}.")
    missing = [revision for revision in known_revisions() if revision > current]
    if not missing:
        console.print("It is at the newest revision.")
        return
    console.print("`frontdesk db upgrade`, or the next start, brings:")
    descriptions = import_module("frontdesk.core.log.migrations.upgrading").describe()
    for revision in missing:
        console.print(f"  {revision}  {escape(descriptions[revision])}")


@app.command()
def upgrade() -> None:
    """Bring the database to the newest revision, after a backup; every start does the same."""
    settings = load_settings()
    console = Console(soft_wrap=True, highlight=False)
    engine = open_engine(settings.event_log_url)
    before = _find(engine)[0] if _is_there(settings) else EMPTY
    create_tables(engine, backups=settings.backups_path)
    if before == newest_revision():
        console.print(f"It was at the newest revision, {before}, already.")
        return
    console.print(
        f"Upgraded to revision {newest_revision()}; it was {'empty' if before == EMPTY else f'at {before}'}."
    )
    if before != EMPTY:
        console.print(f"Backups made before upgrades are in {escape(str(settings.backups_path))}.")


def _find(engine: Engine) -> tuple[str, bool]:
    """Return the database's revision, and whether it is noted there."""
    try:
        if (noted := read_revision(engine)) is not None:
            return noted, True
        with engine.connect() as connection:
            return recognise(connection), False
    except SQLAlchemyError as error:
        raise EventLogUnavailableError(f"can't read the operational database: {reason_of(error)}") from error


def _is_there(settings: Settings) -> bool:
    return bool(settings.database_url) or (settings.home / "frontdesk.db").exists()
