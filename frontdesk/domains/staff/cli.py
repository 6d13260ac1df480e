"""`frontdesk staff` and `frontdesk audit`: who works here, who is signed in, and who did and read what."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from getpass import getuser
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.settings import load_settings
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.businesses import load_businesses
from frontdesk.domains.staff.accounts import Account
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.errors import AccountError, UnknownAccountError
from frontdesk.domains.staff.roles import Role

app = typer.Typer()
staff = typer.Typer(help="Accounts and sessions of the people who work here.", no_args_is_help=True)
app.add_typer(staff, name="staff")

#: Columns where the output is no terminal.
_FILE_WIDTH = 200

_Tenant = Annotated[str, typer.Option(help="The business.")]
_Tenants = Annotated[list[str], typer.Option("--tenant", help="The business; several for one account in each.")]
_OnlyTenant = Annotated[str | None, typer.Option("--tenant", help="Only this business.")]
_Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")]
_FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin; else it is asked.")
]


@staff.command()
def add(
    *,
    email: _Email,
    tenant: _Tenants,
    name: Annotated[str, typer.Option(help="As colleagues see it.")],
    role: Annotated[Role, typer.Option(help="What the person may do: see docs/staff.md.")],
    password_stdin: _FromStdin = False,
    if_missing: Annotated[bool, typer.Option(help="Leave an account that is there as it is.")] = False,
) -> None:
    """Make an account with one business, or the same one with several."""
    directory, tenants = _open()
    for tenant_id in tenant:
        _check_tenant(tenant_id, tenants)
    password = _read_password(from_stdin=password_stdin)
    for tenant_id in tenant:
        if if_missing and _has_account(directory, tenant_id=tenant_id, email=email):
            continue
        account = directory.accounts.add(
            tenant_id=tenant_id, email=email, name=name, role=role, password=password, by=_operator()
        )
        typer.echo(f"{account.email} may sign in to {tenant_id} as {account.role}.")


@staff.command("list")
def list_accounts(*, tenant: _OnlyTenant = None) -> None:
    """List the accounts."""
    directory = _open_for(tenant)
    accounts = directory.accounts.list_all(tenant_id=tenant)
    rows = [
        (each.tenant_id, each.email, each.name, each.role, "disabled" if each.is_disabled else "")
        for each in accounts
    ]
    _show(("Business", "E-mail", "Name", "Role", ""), rows, nothing="There are no accounts; make one with staff add.")


@staff.command()
def disable(
    *,
    email: _Email,
    tenant: _Tenant,
    undo: Annotated[bool, typer.Option("--undo", help="Let the person sign in again.")] = False,
) -> None:
    """Take the right to sign in; the person's sessions end at once. Their name stays with what they did."""
    directory, account = _find(tenant_id=tenant, email=email)
    directory.accounts.set_disabled(account, is_disabled=not undo, by=_operator())
    typer.echo(f"{account.email} may sign in to {tenant} again." if undo else f"{account.email} is signed out.")


@staff.command()
def role(
    *,
    email: _Email,
    tenant: _Tenant,
    role: Annotated[Role, typer.Argument(help="What the person may do now.")],
) -> None:
    """Give an account another role, which open sessions have at once."""
    directory, account = _find(tenant_id=tenant, email=email)
    directory.accounts.set_role(account, role=role, by=_operator())
    typer.echo(f"{account.email} works for {tenant} as {role}.")


@staff.command()
def password(*, email: _Email, tenant: _Tenant, password_stdin: _FromStdin = False) -> None:
    """Set a new password; all the person's sessions end."""
    directory, account = _find(tenant_id=tenant, email=email)
    directory.accounts.set_password(account, password=_read_password(from_stdin=password_stdin), by=_operator())
    typer.echo(f"{account.email} signs in to {tenant} with the new password.")


@staff.command()
def sessions(*, tenant: _OnlyTenant = None) -> None:
    """List who is signed in, since when and from where."""
    directory = _open_for(tenant)
    rows = [
        (
            each.account.tenant_id,
            each.account.email,
            f"{each.created_at:%Y-%m-%d %H:%M} UTC",
            f"{each.last_used_at:%Y-%m-%d %H:%M} UTC",
            each.address,
        )
        for each in directory.sessions.list_open(tenant_id=tenant)
    ]
    _show(("Business", "E-mail", "Since", "Last used", "From"), rows, nothing="Nobody is signed in.")


@app.command()
def audit(
    *,
    tenant: _OnlyTenant = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    before: Annotated[int | None, typer.Option(help="Only entries older than the one with this number.")] = None,
) -> None:
    """Show who signed in, read, exported and decided what, newest first."""
    directory = _open_for(tenant)
    rows = [
        (
            str(each.audit_id),
            f"{each.at:%Y-%m-%d %H:%M:%S} UTC",
            each.tenant_id or "",
            each.who,
            each.action,
            each.subject or "",
            each.address or "",
        )
        for each in directory.audit.read(tenant_id=tenant, before=before, limit=limit)
    ]
    headings = ("No.", "When", "Business", "Who", "What", "About", "From")
    _show(headings, rows, nothing="Nothing is recorded.")


def _open() -> tuple[StaffDirectory, Mapping[str, Business]]:
    settings = load_settings()
    clock = SystemClock()
    directory = StaffDirectory.open(
        open_database(settings.event_log_url, backups=settings.backups_path),
        settings=settings,
        clock=clock,
        ids=UuidV7Factory(clock),
    )
    return directory, load_businesses(settings, Business)


def _open_for(tenant_id: str | None) -> StaffDirectory:
    """Return the directory. Raises AccountError for an unknown business, which would show as an empty one."""
    directory, tenants = _open()
    if tenant_id is not None:
        _check_tenant(tenant_id, tenants)
    return directory


def _find(*, tenant_id: str, email: str) -> tuple[StaffDirectory, Account]:
    directory, tenants = _open()
    _check_tenant(tenant_id, tenants)
    return directory, directory.accounts.find(tenant_id=tenant_id, email=email)


def _has_account(directory: StaffDirectory, *, tenant_id: str, email: str) -> bool:
    try:
        directory.accounts.find(tenant_id=tenant_id, email=email)
    except UnknownAccountError:
        return False
    return True


def _check_tenant(tenant_id: str, tenants: Mapping[str, Business]) -> None:
    if tenant_id not in tenants:
        raise AccountError(f"there is no business {tenant_id}; use one of {', '.join(sorted(tenants))}")


def _read_password(*, from_stdin: bool) -> str:
    # Never an argument: those are in the shell's history, and every user of the machine can list them.
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _operator() -> str:
    return f"{getuser()} at the command line"


def _show(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, nothing: str) -> None:
    if not rows:
        typer.echo(nothing)
        return
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _FILE_WIDTH, markup=False).print(table)
