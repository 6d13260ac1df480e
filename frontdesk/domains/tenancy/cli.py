"""`frontdesk tenant`: which businesses there are, by which version of their configuration, and new ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.database import has_tables, open_database, open_existing
from frontdesk.core.settings import Settings, load_settings
from frontdesk.core.tenant.configurations import Configurations, digest_of
from frontdesk.core.tenant.files import FileContent
from frontdesk.domains.catalogue.public_holidays import check_holidays
from frontdesk.domains.tenancy.directory import TenantDirectory, describe_version, open_configurations
from frontdesk.domains.tenancy.documents import document_text
from frontdesk.domains.tenancy.first_file import (
    FirstAnswers,
    OfferedService,
    check_answer,
    currency_of,
    first_file,
    read_hours,
    read_service,
    slug_of,
    zones_of,
)
from frontdesk.domains.tenancy.secret_keeper import SecretKeeper
from frontdesk.domains.tenancy.tenant import Tenant, look_at, parse_tenant, read_tenant

app = typer.Typer()
tenant = typer.Typer(help="Businesses, and the versions of their configurations.", no_args_is_help=True)
app.add_typer(tenant, name="tenant")

#: Columns where the output is no terminal.
_FILE_WIDTH = 200
_NOTHING = "No version is in force yet. Make a file by `frontdesk tenant init`, then start Frontdesk."
_MOST_ZONES = 12
#: Written in capitals, however they are answered.
_CODES = ("country", "currency")

_Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The business.")]
_File = Annotated[Path, typer.Argument(metavar="FILE", help="A business's YAML file.")]
T = TypeVar("T")


@tenant.command("list")
def list_tenants() -> None:
    """List the businesses with the version that is in force, and what is wrong with it."""
    settings = load_settings()
    with _reading(settings) as configurations:
        if configurations is None:
            typer.echo(_NOTHING)
            return
        directory = TenantDirectory(configurations)
        directory.refresh()
    if not directory.versions:
        typer.echo(_NOTHING)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("Business", "Name", "In force since", "Written by", "Sequence", "What is wrong"):
        table.add_column(heading, overflow="fold")
    for slug, version in directory.versions.items():
        since = f"{version.written_at:%Y-%m-%d %H:%M} UTC"
        wrong = directory.wrong.get(slug, "")
        name = str((version.document or {}).get("name", ""))
        table.add_row(*map(str, (slug, name, since, version.written_by, version.sequence, wrong)))
    width = None if sys.stdout.isatty() else _FILE_WIDTH
    Console(width=width, markup=False, highlight=False).print(table)


@tenant.command()
def show(
    *,
    slug: _Slug,
    as_of: Annotated[int | None, typer.Option(help="As it was after this sequence of the log.")] = None,
) -> None:
    """Print the configuration that is in force, or was, as YAML."""
    with _reading(load_settings()) as configurations:
        versions = configurations.newest(until=as_of) if configurations else {}
    version = versions.get(slug)
    if version is None:
        known = ", ".join(sorted(slug for slug, each in versions.items() if each.document is not None))
        raise ConfigurationError(f"{slug}: no version is in force; use one of: {known or 'none'}")
    if version.document is None:
        raise ConfigurationError(
            f"{slug}: it has left, {describe_version(version)}; see --as-of {version.sequence - 1}"
        )
    typer.echo(document_text(version.document), nl=False)


@tenant.command()
def check(file: _File) -> None:
    """Tell whether a file is valid; else each problem with its key, line and remedy, and exit status 1."""
    try:
        business = read_tenant(file)
        check_holidays(business)
    except ConfigurationError as error:
        for line in error.detail.splitlines():
            typer.echo(line)
        raise typer.Exit(1) from error
    typer.echo(f"{file}: valid, {business.name} ({business.slug})")


@tenant.command()
def apply(file: _File) -> None:
    """Put what a file says in force, at once and wherever the file is."""
    settings = load_settings()
    business, found = read_tenant(file), look_at(file)
    check_holidays(business)
    document = found.content or {}
    with _writing(settings) as engine:
        appended = open_configurations(engine).write(business.slug, document, by=_operator())
    if appended is None:
        typer.echo(f"{business.slug}: this is in force already.")
    else:
        typer.echo(f"{business.slug}: in force, sequence {appended.sequence}.")
    _warn_of_other_file(settings, business.slug, digest=digest_of(document, slug=business.slug))


@tenant.command()
def remove(
    *,
    slug: _Slug,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let a business leave: it gets no more webhooks, sends nothing, and its stored secrets are deleted.

    What it did stays in the log.
    """
    settings = load_settings()
    file = settings.tenants_dir / f"{slug}.yaml"
    if file.exists():
        raise ConfigurationError(f"{file}: is there, and would bring {slug} back; take it away first")
    with _writing(settings) as engine:
        configurations = open_configurations(engine)
        version = configurations.newest().get(slug)
        if version is None or version.document is None:
            raise ConfigurationError(f"{slug}: no version is in force; see `frontdesk tenant list`")
        if not yes:
            typer.confirm(
                f"Let {slug} leave? Its webhooks are refused from then on, and its stored secrets are deleted",
                abort=True,
            )
        configurations.remove(slug, by=_operator())
        deleted = SecretKeeper(engine, clock=SystemClock(), by=_operator()).remove(slug)
    if deleted:
        count = len(set(deleted))
        what = "1 stored secret deleted; backups made before still hold it"
        what = what if count == 1 else f"{count} stored secrets deleted; backups made before still hold them"
        typer.echo(f"{slug}: {what}.")
    typer.echo(f"{slug}: it has left. `frontdesk tenant show {slug} --as-of {version.sequence}` shows what it was.")


@tenant.command()
def init(
    *,
    name: Annotated[str | None, typer.Option(help="As customers know it.")] = None,
    slug: Annotated[
        str | None, typer.Option(help="In addresses and names of secrets; proposed from the name.")
    ] = None,
    industry: Annotated[str | None, typer.Option(help="What it does, such as hairdresser.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, such as AU.")] = None,
    zone: Annotated[str | None, typer.Option(help="Its clock, such as Australia/Perth; proposed.")] = None,
    currency: Annotated[str | None, typer.Option(help="Three letters, such as AUD; proposed.")] = None,
    email: Annotated[str | None, typer.Option(help="Where customers reach it.")] = None,
    phone: Annotated[str | None, typer.Option(help="With + and the country; may be empty.")] = None,
    hours: Annotated[str | None, typer.Option(help="Monday to Friday, such as 09:00-17:00.")] = None,
    service: Annotated[
        list[str] | None, typer.Option(help="NAME=PRICE or NAME=PRICE/MINUTES; can be given several times.")
    ] = None,
) -> None:
    """Write a business's first file; asks for what no option gives."""
    settings = load_settings()
    name = _get("name", "Name of the business", given=name)
    slug = _get("slug", "Short name, for addresses", given=slug, proposal=slug_of(name), is_checked=True)
    file = settings.tenants_dir / f"{slug}.yaml"
    if file.exists():
        raise ConfigurationError(f"{file}: is there already; change it, or choose another --slug")
    industry = _get("industry", "What it does, such as hairdresser", given=industry)
    country = _get("country", "Country, two letters such as AU", given=country, is_checked=True)
    zone = _get("zone", _zone_question(country), given=zone, proposal=_first(zones_of(country)), is_checked=True)
    currency = _get("currency", "Currency", given=currency, proposal=currency_of(country), is_checked=True)
    email = _get("email", "E-mail address that customers see", given=email, is_checked=True)
    phone = _get("phone", "Phone, with + and the country", given=phone, is_needed=False, is_checked=True)
    opens, closes = _read("hours", "Open Monday to Friday", read_hours, given=hours, proposal="09:00-17:00")
    services = [read_service(each) for each in service] if service else list(_ask_services())
    answers = FirstAnswers(
        name=name,
        slug=slug,
        industry=industry,
        country=country,
        zone=zone,
        currency=currency,
        email=email,
        phone=phone,
        opens=opens,
        closes=closes,
        services=services,
    )
    text = first_file(answers)
    parse_tenant(text, file=file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as new:
        new.write(text)
    for line in _next_steps(file, slug):
        typer.echo(line)


def _next_steps(file: Path, slug: str) -> Iterator[str]:
    yield f"Written: {file}"
    yield "What is next:"
    yield f"  1. Look through it, then: frontdesk tenant check {file}"
    yield "  2. Where Frontdesk runs, it is in force within seconds; else start it: frontdesk up"
    yield f'  3. Make an account: frontdesk staff add you@example.com --tenant {slug} --name "Your Name" --role owner'
    yield f"  4. Name its sources and set their secrets: frontdesk secrets set {slug} NAME"
    yield "  5. See what is missing: frontdesk doctor"
    yield "docs/how-to/add-a-business.md tells the rest."


def _get(
    option: str,
    question: str,
    *,
    given: str | None,
    proposal: str = "",
    is_needed: bool = True,
    is_checked: bool = False,
) -> str:
    """Return what an option gives, or what is answered; what can't stand in a file is asked again."""

    def read(answer: str) -> str:
        answer = answer.strip()
        if is_needed and not answer:
            raise ConfigurationError(f"{option}: is empty; write one")
        if not is_checked or not answer:
            return answer
        return check_answer(option, answer.upper() if option in _CODES else answer)

    return _read(option, question, read, given=given, proposal=proposal, is_needed=is_needed)


def _read(
    option: str,
    question: str,
    read: Callable[[str], T],
    *,
    given: str | None,
    proposal: str = "",
    is_needed: bool = True,
) -> T:
    if given is not None:
        return read(given)
    while True:
        answer = _ask(option, question, proposal=proposal, is_needed=is_needed)
        try:
            return read(answer)
        except ConfigurationError as error:
            typer.echo(error.detail)


def _ask(option: str, question: str, *, proposal: str, is_needed: bool) -> str:
    default = proposal if proposal or not is_needed else None
    try:
        answer: str = typer.prompt(question, default=default, show_default=bool(proposal))
    except typer.Abort as error:
        if sys.stdin.isatty():
            raise
        if default is not None:
            return default
        raise ConfigurationError(f"{option}: nobody answers here; give --{option}") from error
    return answer


def _ask_services() -> Iterator[OfferedService]:
    yield _read("service", "A service, such as Haircut=45.00/30", read_service, given=None)
    while text := _ask("service", "Another service (empty: no more)", proposal="", is_needed=False).strip():
        try:
            yield read_service(text)
        except ConfigurationError as error:
            typer.echo(error.detail)


def _zone_question(country: str) -> str:
    zones = zones_of(country)
    shown = ", ".join(zones[:_MOST_ZONES]) + (", ..." if len(zones) > _MOST_ZONES else "")
    return f"Zone, of {shown}" if zones[1:] else "Zone, such as Australia/Perth"


def _first(values: list[str]) -> str:
    return values[0] if values else ""


def _warn_of_other_file(settings: Settings, slug: str, *, digest: str) -> None:
    """Tell where a file of the folder says something else: it is put in force when it is changed."""
    file = settings.tenants_dir / f"{slug}.yaml"
    if not file.exists():
        return
    found: FileContent[Tenant] = look_at(file)
    if found.content is None or digest_of(found.content, slug=slug) != digest:
        typer.echo(f"{file} says something else: change it too, or its next change takes this back.", err=True)


@contextmanager
def _reading(settings: Settings) -> Iterator[Configurations | None]:
    """Yield the versions in the log; None if there is no log yet."""
    engine = open_existing(settings.event_log_url)
    try:
        yield open_configurations(engine) if engine is not None and has_tables(engine) else None
    finally:
        if engine is not None:
            engine.dispose()


@contextmanager
def _writing(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    try:
        yield engine
    finally:
        engine.dispose()


def _operator() -> str:
    return f"{getuser()} at the command line"
