"""Accounts, passwords and roles, on both databases."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.domains.staff.accounts import Account
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.errors import AccountError, StaffUnavailableError, UnknownAccountError
from frontdesk.domains.staff.passwords import Passwords
from frontdesk.domains.staff.roles import Permission, Role, may
from frontdesk.domains.staff.schema import staff_accounts
from tests.core.backends import Backend
from tests.domains.staff.conftest import PASSWORD, quick_passwords


def test_an_account_is_kept_normalised_and_without_its_password(
    directory: StaffDirectory, ana: Account, engine: Engine
) -> None:
    assert (ana.email, ana.name, ana.role) == ("ana@example.com", "Ana Li", Role.ADMIN)
    assert directory.accounts.find(tenant_id="salon", email="ANA@example.com ") == ana
    assert directory.accounts.list_all() == directory.accounts.list_all(tenant_id="salon") == [ana]
    assert directory.accounts.list_all(tenant_id="bakery") == []
    with engine.connect() as connection:
        stored = str(connection.execute(select(staff_accounts.c.password_hash)).scalar_one())
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_one_address_is_one_account_in_a_business_and_may_be_in_others(
    directory: StaffDirectory, ana: Account
) -> None:
    with pytest.raises(AccountError, match=r"ana@example\.com has an account with salon already"):
        directory.accounts.add(
            tenant_id="salon", email="ANA@EXAMPLE.COM", name="A", role=Role.TECH, password=PASSWORD, by="test"
        )
    other = directory.accounts.add(
        tenant_id="bakery", email=ana.email, name="A", role=Role.TECH, password=PASSWORD, by="test"
    )
    assert directory.accounts.find(tenant_id="bakery", email=ana.email) == other
    with pytest.raises(UnknownAccountError):
        directory.accounts.find(tenant_id="garage", email=ana.email)


@pytest.mark.parametrize(
    ("email", "name", "password", "told"),
    [
        ("ana", "Ana", PASSWORD, "no e-mail address"),
        ("ana@example.com\x00", "Ana", PASSWORD, "no e-mail address"),
        ("ana@example.com", "  ", PASSWORD, "a name needs"),
        ("ana@example.com", "Ana", "short", "10 characters or more"),
        ("ana@example.com", "Ana", "x" * 257, "256 characters at most"),
    ],
)
def test_what_can_not_be_used_is_told(
    directory: StaffDirectory, email: str, name: str, password: str, told: str
) -> None:
    with pytest.raises(AccountError, match=told):
        directory.accounts.add(
            tenant_id="salon", email=email, name=name, role=Role.TECH, password=password, by="test"
        )
    assert directory.accounts.is_empty()


def test_every_change_of_an_account_is_in_the_trail(directory: StaffDirectory, ana: Account) -> None:
    directory.accounts.set_password(ana, password="another long sentence", by="Bea")
    directory.accounts.set_disabled(ana, is_disabled=True, by="Bea")
    directory.accounts.set_disabled(ana, is_disabled=False, by="Bea")
    trail = directory.audit.read(tenant_id="salon")
    assert [(entry.action, entry.who, entry.subject) for entry in reversed(trail)] == [
        ("account.added", "test", ana.email),
        ("account.password_changed", "Bea", ana.email),
        ("account.disabled", "Bea", ana.email),
        ("account.enabled", "Bea", ana.email),
    ]


def test_the_trail_can_be_paged_and_not_be_changed(directory: StaffDirectory, engine: Engine) -> None:
    for number in range(5):
        directory.audit.record("contact.read", tenant_id="salon", who="Ana", subject=f"c{number}\x00")
    directory.audit.record("contact.read", tenant_id="bakery", who="Bea")
    first = directory.audit.read(tenant_id="salon", limit=3)
    rest = directory.audit.read(tenant_id="salon", before=first[-1].audit_id)
    assert [entry.subject for entry in first + rest] == [f"c{number}\ufffd" for number in (4, 3, 2, 1, 0)]
    for statement in ("UPDATE audit_entries SET who = 'nobody'", "DELETE FROM audit_entries"):
        with pytest.raises(SQLAlchemyError, match="append-only"), engine.begin() as connection:
            connection.execute(text(statement))
    assert len(directory.audit.read()) == 6


def test_a_database_that_is_away_is_told_as_such(directory: StaffDirectory, backend: Backend, engine: Engine) -> None:
    def fill() -> None:
        for _ in range(200):  # SQLite may still have room in a page
            directory.audit.record("contact.read", tenant_id="salon", who="Ana", subject="x" * 500)

    with backend.unavailable(engine), pytest.raises(StaffUnavailableError):
        fill()


def test_who_is_meant_by_a_text(ana: Account) -> None:
    assert all(ana.is_meant_by(text) for text in (ana.staff_id, "ANA@example.com", " ana li "))
    assert not ana.is_meant_by("Ana")


def test_a_password_is_verified_and_nobodys_never() -> None:
    passwords = quick_passwords()
    stored = passwords.hash(PASSWORD)
    assert passwords.verify(PASSWORD, stored)
    assert not passwords.verify("another long sentence", stored)
    assert not passwords.verify(PASSWORD, None)
    assert not passwords.verify("the password of an address that nobody has", None)
    assert not passwords.needs_rehash(stored)
    assert Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).needs_rehash(stored)


def test_each_role_may_what_the_one_below_may() -> None:
    allowed = {role: {permission for permission in Permission if may(role, permission)} for role in Role}
    assert allowed[Role.TECH] == {Permission.LOOK, Permission.SEND, Permission.WORK}
    assert allowed[Role.ADMIN] == allowed[Role.TECH] | {Permission.SETTLE}
    assert allowed[Role.OWNER] == set(Permission)
