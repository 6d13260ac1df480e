"""Checks what Frontdesk needs, one finding each, with what to do about it. Secrets are told by name only."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import httpx
from sqlalchemy import inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from frontdesk.connectors.descriptor import descriptors
from frontdesk.core.clock import SystemClock
from frontdesk.core.email_address import mailable_address
from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import check_writable, open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.schema import event_log
from frontdesk.core.private_files import too_open
from frontdesk.core.published.connection import open_published
from frontdesk.core.running.allocator import quicker_allocator
from frontdesk.core.running.ports import why_unavailable
from frontdesk.core.running.run_files import RunFiles
from frontdesk.core.secrets import secret_variable
from frontdesk.core.serving.hosts import host_of
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.findings import Finding, Level
from frontdesk.domains.operations.secret_checks import FoundSecrets, check_stored_secrets
from frontdesk.domains.operations.tenant_checks import check_tenants
from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.tenancy.tenant import Tenant

_OLDEST_PYTHON = (3, 11)
_GIB = 2**30
_LITTLE_DISK = 2 * _GIB
_TOO_LITTLE_DISK = _GIB // 4
_PROBE_TIMEOUT_S = 2.0


def examine(settings: Settings, *, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the findings of all checks. Nothing is left behind."""
    yield _check_python(sys.version_info[:3])
    yield _check_allocator(quicker_allocator())
    yield from _check_home(settings.home)
    yield _check_modes(settings)
    tenants, findings = check_tenants(settings)
    yield from findings
    found = FoundSecrets.read(settings, environ=environ)
    yield from check_stored_secrets(tenants, found)
    yield from _check_secrets(tenants, found)
    yield from _check_delivery(tenants, found)
    yield from _check_alerts(settings)
    yield from _check_ports(settings)
    yield _check_database(settings)
    yield _check_published(settings.analytics_path)


def _check_python(version: tuple[int, ...]) -> Finding:
    shown = ".".join(map(str, version))
    if version[:2] < _OLDEST_PYTHON:
        return Finding(Level.ERROR, "Python", shown, "Install Python 3.11 or newer and run `make setup` with PYTHON=")
    return Finding(Level.OK, "Python", shown)


def _check_allocator(library: str | None) -> Finding:
    if library is None:
        return Finding(Level.OK, "Memory", "by the C library; with libjemalloc2 installed, texts go out sooner")
    return Finding(Level.OK, "Memory", f"by {library}, which is quicker than the C library")


def _check_home(home: Path) -> Iterator[Finding]:
    folder = home.absolute()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            yield Finding(
                Level.OK, "Home", f"{folder} is writable" if existing == folder else f"{folder} can be created"
            )
    except OSError as error:
        remedy = "Give this user the right to write there, or set FRONTDESK_HOME to another folder"
        yield Finding(Level.ERROR, "Home", f"{existing}: {error.strerror}", remedy)
    free = shutil.disk_usage(existing).free
    level = Level.OK if free >= _LITTLE_DISK else Level.WARNING if free >= _TOO_LITTLE_DISK else Level.ERROR
    remedy = (
        ""
        if level is Level.OK
        else "Make room: the log, the warehouse and its published copies grow with every event"
    )
    yield Finding(level, "Disk", _room_words(free), remedy)


def _room_words(free: int) -> str:
    return f"{free / _GIB:,.1f} GiB free" if free >= _GIB else f"{free // 2**20:,} MiB free"


def _check_modes(settings: Settings) -> Finding:
    try:
        found = too_open(settings.home, group=settings.published_group)
    except ConfigurationError as error:
        return Finding(
            Level.ERROR, "Privacy", error.detail, "Set FRONTDESK_PUBLISHED_GROUP to a group of this machine"
        )
    if not found:
        return Finding(Level.OK, "Privacy", "no other user can read the home")
    shown = f"{found[0]} and {len(found) - 1} more" if found[1:] else str(found[0])
    remedy = f"Run `frontdesk up`, which corrects it, or chmod -R go-rwx {settings.home.absolute()} as their owner"
    return Finding(Level.ERROR, "Privacy", f"open to other users: {shown}", remedy)


def _check_secrets(tenants: list[Tenant], secrets: FoundSecrets) -> Iterator[Finding]:
    for tenant in tenants:
        for source in tenant.sources:
            missing = [name for name in source.secrets if not secrets.is_set(tenant.slug, name)]
            subject = f"Secrets of {tenant.slug}, {source.name}"
            if any(secrets.problem_of(tenant.slug, name) for name in source.secrets):
                yield _unreadable(subject, "its deliveries are asked to come again", slug=tenant.slug)
            elif not missing:
                yield Finding(Level.OK, subject, "set")
            elif len(missing) < len(source.secrets):
                yield Finding(
                    Level.WARNING,
                    subject,
                    "some are not set",
                    f"{_ways_to_set(tenant.slug, missing)}, if this source uses it",
                )
            else:
                yield Finding(
                    Level.WARNING, subject, "not set: its deliveries are refused", _ways_to_set(tenant.slug, missing)
                )


def _check_delivery(tenants: list[Tenant], secrets: FoundSecrets) -> Iterator[Finding]:
    for tenant in tenants:
        for provider in filter(
            None, (tenant.delivery.provider_of(channel) for channel in (Channel.SMS, Channel.EMAIL))
        ):
            names = descriptors()[provider].sending_secrets
            missing = [name for name in names if not secrets.is_set(tenant.slug, name)]
            subject = f"Sending of {tenant.slug} by {provider}"
            if any(secrets.problem_of(tenant.slug, name) for name in names):
                yield _unreadable(subject, "messages wait", slug=tenant.slug)
            elif missing:
                yield Finding(Level.WARNING, subject, "not set: messages wait", _ways_to_set(tenant.slug, missing))
            else:
                yield Finding(Level.OK, subject, "set")


def _unreadable(subject: str, consequence: str, *, slug: str) -> Finding:
    return Finding(Level.ERROR, subject, f"can't be read: {consequence}", f"See `Stored secrets of {slug}` above")


def _ways_to_set(slug: str, names: list[str]) -> str:
    variables = ", ".join(secret_variable(slug, name) for name in names)
    return f"Set {variables}, or run: frontdesk secrets set {slug} {names[0]}"


def _check_alerts(settings: Settings) -> Iterator[Finding]:
    for address in settings.alert_addresses:
        if mailable_address(address) is None:
            detail = f"FRONTDESK_ALERT_EMAIL: no mail server is sure to take {address!r}"
            yield Finding(Level.ERROR, "Alerts", detail, "Write an address with letters without accents before the @")
    url = settings.alert_webhook_url
    if url is not None and not host_of(url):
        detail = f"FRONTDESK_ALERT_WEBHOOK_URL: {url!r} names no host"
        yield Finding(Level.ERROR, "Alerts", detail, "Write it like https://alerts.example/frontdesk")


def _check_ports(settings: Settings) -> Iterator[Finding]:
    ports = {
        "receiver": (settings.receiver_port, "/healthz"),
        "dagster": (settings.dagster_port, "/server_info"),
        "dashboard": (settings.dashboard_port, "/_stcore/health"),
    }
    for name, (port, path) in ports.items():
        subject = f"Port {port} ({name})"
        reason = why_unavailable(settings.host, port)
        if not reason:
            yield Finding(Level.OK, subject, "free")
        elif name == "dagster" and RunFiles(settings.home).up_since() is not None:
            yield Finding(Level.OK, subject, "starts when it is opened")  # asking would start it
        elif _answers(f"http://{settings.host}:{port}{path}"):
            yield Finding(Level.OK, subject, f"the {name} is up")
        else:
            remedy = f"Stop what listens there, or set FRONTDESK_{name.upper()}_PORT"
            yield Finding(Level.ERROR, subject, reason, remedy)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=_PROBE_TIMEOUT_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _check_database(settings: Settings) -> Finding:
    remedy = "Check that the database runs and can be written; FRONTDESK_DATABASE_URL says where it is"
    try:
        url = make_url(settings.event_log_url)
        shown = url.render_as_string(hide_password=True)
        is_file = url.get_backend_name() == "sqlite"
        if is_file and not Path(url.database or "").exists():
            return Finding(Level.OK, "Event log", f"{shown}: not created yet; the first start creates it")
        engine = open_engine(settings.event_log_url)
    except ArgumentError as error:
        return Finding(Level.ERROR, "Event log", f"FRONTDESK_DATABASE_URL: {error}", remedy)
    except ConfigurationError as error:
        return Finding(Level.ERROR, "Event log", error.detail, remedy)
    try:
        if not inspect(engine).has_table(event_log.name):
            return Finding(Level.OK, "Event log", f"{shown}: no tables yet; the first start creates them")
        check_writable(engine)
        last = EventLog(engine, ids=UuidV7Factory(SystemClock())).last_sequence()
    except (EventLogUnavailableError, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error)
        return Finding(Level.ERROR, "Event log", f"{shown}: {reason}", remedy)
    finally:
        engine.dispose()
    return Finding(Level.OK, "Event log", f"{shown}: writable, newest event has sequence {last:,}")


def _check_published(path: Path) -> Finding:
    if not path.exists():
        remedy = "Run `frontdesk process --once`, or `frontdesk up`"
        return Finding(Level.WARNING, "Published file", f"{path}: nothing is published yet", remedy)
    try:
        with open_published(path) as connection:
            count = connection.execute(
                "select count(*) from information_schema.tables where table_schema in ('marts', 'reports')"
            ).fetchone()
    except duckdb.Error as error:
        first_line = str(error).splitlines()[0]
        return Finding(Level.ERROR, "Published file", f"{path}: {first_line}", "Run `frontdesk rebuild`")
    return Finding(Level.OK, "Published file", f"{path}: {count[0] if count else 0} relations")
