"""`frontdesk secrets`: which secrets are set, and storing them encrypted. No value is ever shown, or an argument."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from getpass import getuser
from typing import Annotated, Final, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database import open_database, open_existing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.secret_store.master_key import MasterKeys, need_master_key
from frontdesk.core.secret_store.rows import StoredValue, has_store, read_values
from frontdesk.core.secrets import MASTER_KEY, NEW_MASTER_KEY, Secrets, secret_variable
from frontdesk.core.settings import Settings, load_settings
from frontdesk.domains.tenancy.secret_keeper import SecretKeeper
from frontdesk.domains.tenancy.secret_names import SecretNames, known_names

app = typer.Typer()
secrets = typer.Typer(help="Secrets of businesses, in the environment or stored, encrypted.", no_args_is_help=True)
app.add_typer(secrets, name="secrets")

#: Columns where the output is no terminal.
_FILE_WIDTH: Final = 200
#: No key or token is longer; what is, is a file by mistake.
_MOST_CHARACTERS: Final = 16_384
_IN_ENVIRONMENT, _STORED, _NOT_SET = "environment", "store", "not set"

_Business = Annotated[str, typer.Argument(metavar="BUSINESS", help="The business, by its slug.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="The secret, such as STRIPE_WEBHOOK_SECRET.")]


class _Line(NamedTuple):
    business: str
    name: str
    where: str
    values: str
    set_at: str
    set_by: str
    remark: str


@secrets.command("list")
def list_secrets(
    business: Annotated[str | None, typer.Argument(metavar="BUSINESS", help="Only this one.")] = None,
) -> None:
    """List the secrets that businesses can have, where each is set and when; never a value."""
    settings = load_settings()
    names, stored = _names(settings, business), _read_stored(settings)
    slugs = sorted(names.keys() | stored.keys()) if business is None else [business]
    if business is not None and business not in names and business not in stored:
        raise ConfigurationError(f"{business}: there is no such business; {_use_one_of(names)}")
    keys, environment = MasterKeys.read(os.environ), Secrets(os.environ)
    lines: list[_Line] = []
    for slug in slugs:
        of_business = stored.get(slug, {})
        for name in sorted(names.get(slug, {}).keys() | of_business.keys()):
            purpose = names.get(slug, {}).get(name)
            count = len(environment.values_of_environment(slug, name))
            found = of_business.get(name, [])
            lines += _lines(slug, name, purpose=purpose, count=count, found=found, keys=keys)
    _show(lines)


@secrets.command("set")
def set_secret(
    *,
    business: _Business,
    name: _Name,
    keep_older: Annotated[
        bool, typer.Option("--keep-older", help="Let the values that are stored count too, while it is rotated.")
    ] = False,
) -> None:
    """Store a secret, encrypted under FRONTDESK_MASTER_KEY: asked for without echo, or all of stdin.

    What runs follows within two seconds.
    """
    settings = load_settings()
    known = known_names(settings)
    if business not in known:
        raise ConfigurationError(f"{business}: there is no such business; {_use_one_of(known)}")
    if name not in known[business]:
        raise ConfigurationError(
            f"{name}: {business}'s configuration knows no such secret; use one of: {', '.join(known[business])}"
        )
    need_master_key(MASTER_KEY, environ=os.environ)
    value = _read_value(name)
    with _keeping(settings) as keeper:
        keeper.set(business, name, value=value, keeps_older=keep_older, keys=MasterKeys.read(os.environ))
    typer.echo(f"{business}: {name} is stored{', and the older values count too' if keep_older else ''}.")
    if Secrets(os.environ).values_of_environment(business, name):
        variable = secret_variable(business, name)
        typer.echo(f"{variable} is set too, comes first, and is what is sent with: take it away.", err=True)


@secrets.command()
def remove(
    *,
    business: _Business,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The secret; left out with --all.")] = None,
    older: Annotated[bool, typer.Option("--older", help="Only the older values: a rotation has ended.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every stored secret of the business.")] = False,
) -> None:
    """Delete a stored secret; what runs follows within two seconds. Backups made before still hold it."""
    if (name is None) != everything:
        raise ConfigurationError("name one secret, or give --all")
    with _keeping(load_settings()) as keeper:
        gone = keeper.remove(business, name, is_newest_kept=older)
    what = name or "anything"
    if not gone:
        none = f"no older value of {what} is stored" if older else f"{what} is not stored"
        raise ConfigurationError(f"{business}: {none}; see `frontdesk secrets list`")
    plural = "" if len(gone) == 1 else "s"
    typer.echo(f"{business}: {len(gone)} stored value{plural} of {', '.join(dict.fromkeys(gone))} deleted.")


@secrets.command("rotate-key")
def rotate_key() -> None:
    """Encrypt all stored secrets under FRONTDESK_NEW_MASTER_KEY in place of FRONTDESK_MASTER_KEY: all or none."""
    old = need_master_key(MASTER_KEY, environ=os.environ)
    new = need_master_key(NEW_MASTER_KEY, environ=os.environ)
    if old.key_id == new.key_id:
        raise ConfigurationError(f"FRONTDESK_{NEW_MASTER_KEY}: is the same as FRONTDESK_{MASTER_KEY}")
    with _keeping(load_settings()) as keeper:
        count = keeper.change_key(old=old, new=new)
    typer.echo(f"Encrypted under the new master key: {count} stored value{'' if count == 1 else 's'}.")
    typer.echo(
        f"Put it into FRONTDESK_{MASTER_KEY}, take FRONTDESK_{NEW_MASTER_KEY} away, and start Frontdesk again."
        " Keep the old one for as long as you keep backups that were made before."
    )


def _lines(
    slug: str, name: str, *, purpose: str | None, count: int, found: Sequence[StoredValue], keys: MasterKeys
) -> Iterator[_Line]:
    is_used = purpose or "its configuration knows no such secret"
    if count:
        yield _Line(slug, name, _IN_ENVIRONMENT, str(count), "", "", is_used)
    if found:
        problem = next((reason for each in found if (reason := _why_unreadable(each, keys))), "")
        both = "the environment comes first; " if count else ""
        remark = f"{both}can't be read: {problem}" if problem else f"{both}{is_used}"
        newest = found[0]
        yield _Line(
            slug, name, _STORED, str(len(found)), f"{newest.set_at:%Y-%m-%d %H:%M} UTC", newest.set_by, remark
        )
    if not count and not found:
        yield _Line(slug, name, _NOT_SET, "", "", "", is_used)


def _why_unreadable(value: StoredValue, keys: MasterKeys) -> str:
    try:
        keys.decrypt(value.sealed, address=value.address)
    except ConfigurationError as error:
        return error.detail
    return ""


def _names(settings: Settings, business: str | None) -> Mapping[str, SecretNames]:
    """Return the names by business. One that has left may have secrets still, where there is no other."""
    try:
        return known_names(settings)
    except ConfigurationError:
        if business is not None:
            return {}
        raise


def _read_stored(settings: Settings) -> dict[str, dict[str, list[StoredValue]]]:
    """Return what is stored, by business and name, the newest value first."""
    engine = open_existing(settings.event_log_url)
    if engine is None:
        return {}
    stored: dict[str, dict[str, list[StoredValue]]] = {}
    try:
        with translated_errors(EventLogUnavailableError, what="the store of secrets"), engine.connect() as connection:
            for each in read_values(connection) if has_store(connection) else ():
                stored.setdefault(each.address.tenant_id, {}).setdefault(each.address.name, []).append(each)
    finally:
        engine.dispose()
    return stored


def _read_value(name: str) -> str:
    # Never an argument: those are in the shell's history, and every user of the machine can list them.
    try:
        text = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read(_MOST_CHARACTERS + 1)
        value = text.strip()
        value.encode()
    except UnicodeError:
        raise ConfigurationError(f"{name}: is no text in UTF-8") from None
    if not value:
        raise ConfigurationError(f"{name}: is empty; type it, or give it by stdin")
    if len(value) > _MOST_CHARACTERS:
        raise ConfigurationError(f"{name}: is longer than {_MOST_CHARACTERS:,} characters; no secret is")
    # A terminal takes one line: as in a variable, \n stands for the line ends of a PEM.
    return value.replace("\\n", "\n") if value.startswith("-----BEGIN ") else value


def _show(lines: Sequence[_Line]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("Business", "Secret", "Where", "Values", "Set", "By", "For, or what is wrong"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        table.add_row(*line)
    Console(width=None if sys.stdout.isatty() else _FILE_WIDTH, markup=False, highlight=False).print(table)


@contextmanager
def _keeping(settings: Settings) -> Iterator[SecretKeeper]:
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    try:
        yield SecretKeeper(engine, clock=SystemClock(), by=f"{getuser()} at the command line")
    finally:
        engine.dispose()


def _use_one_of(names: Mapping[str, SecretNames]) -> str:
    return f"use one of: {', '.join(sorted(names)) or 'none'}"
