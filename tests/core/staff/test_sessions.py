"""Signing in, sessions that end, and locks that grow, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from core.staff.accounts import Account
from core.staff.desk import StaffDesk
from core.staff.errors import AccountError, SignInLockedError, SignInRefusedError
from core.staff.passwords import Passwords
from core.staff.roles import Role
from core.staff.schema import staff_sessions
from core.staff.sessions import OpenedSession
from tests.core.staff.conftest import PASSWORD
from tests.webhooks.harness import FakeClock


def sign_in(desk: StaffDesk, *, email: str = "ana@example.com", password: str = PASSWORD) -> OpenedSession:
    [opened] = desk.sessions.sign_in(email=email, password=password, address="10.0.0.1", tenant_id="salon")
    return opened


def fail(desk: StaffDesk, *, email: str = "ana@example.com", address: str = "10.0.0.1") -> None:
    with pytest.raises(SignInRefusedError):
        desk.sessions.sign_in(email=email, password="a wrong sentence", address=address)


def test_a_session_is_found_by_its_token_of_which_the_hash_alone_is_kept(
    desk: StaffDesk, ana: Account, engine: Engine
) -> None:
    opened = sign_in(desk)
    found = desk.sessions.find(opened.token)
    assert found == opened.session
    assert found is not None
    assert found.account == ana
    assert desk.sessions.find(f"{opened.token}x") is None
    with engine.connect() as connection:
        [row] = connection.execute(select(staff_sessions)).mappings()
    assert opened.token not in str(dict(row))
    assert len(opened.token) == 43


def test_a_session_ends_when_idle_when_old_and_when_signed_out(
    desk: StaffDesk, ana: Account, clock: FakeClock
) -> None:
    assert ana
    idle = sign_in(desk)
    clock.advance(hours=7, minutes=59)
    assert desk.sessions.find(idle.token, is_use=False)
    clock.advance(minutes=1)
    assert desk.sessions.find(idle.token) is None

    used = sign_in(desk)
    for _ in range(7 * 24 - 1):
        clock.advance(hours=1)
        assert desk.sessions.find(used.token)
    clock.advance(hours=1)
    assert desk.sessions.find(used.token) is None

    left = sign_in(desk)
    assert [each.account for each in desk.sessions.list_open()] == [ana]
    desk.sessions.end(left.session)
    desk.sessions.end(left.session)
    assert desk.sessions.find(left.token) is None
    assert desk.sessions.list_open() == []
    assert [entry.action for entry in desk.audit.read()].count("session.ended") == 1


def test_disabling_and_a_new_password_end_sessions(desk: StaffDesk, ana: Account) -> None:
    kept, other = sign_in(desk), sign_in(desk)
    desk.accounts.set_password(
        ana, password="another long sentence", by="ana", keep_session=kept.session.token_sha256
    )
    assert desk.sessions.find(kept.token)
    assert desk.sessions.find(other.token) is None
    desk.accounts.set_disabled(ana, is_disabled=True, by="Bea")
    assert desk.sessions.find(kept.token) is None
    with pytest.raises(SignInRefusedError, match="may sign in"):
        sign_in(desk, password="another long sentence")


def test_one_sign_in_opens_a_session_with_every_business_it_fits(desk: StaffDesk, ana: Account) -> None:
    for tenant_id, password in (("bakery", PASSWORD), ("garage", "another long sentence")):
        desk.accounts.add(
            tenant_id=tenant_id, email=ana.email, name="Ana", role=Role.OWNER, password=password, by="test"
        )
    opened = desk.sessions.sign_in(email=ana.email, password=PASSWORD, address="10.0.0.1")
    assert {each.session.account.tenant_id for each in opened} == {"salon", "bakery"}
    assert len({each.token for each in opened}) == 2


@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
def test_failures_lock_for_ever_longer_whether_there_is_an_account_or_not(
    desk: StaffDesk, ana: Account, clock: FakeClock, email: str
) -> None:
    assert ana
    for _ in range(5):
        fail(desk, email=email, address="10.0.0.9")
    waits = []
    for _ in range(7):
        with pytest.raises(SignInLockedError) as locked:
            sign_in(desk, email=email)
        waits.append(locked.value.retry_after_s)
        clock.advance(seconds=waits[-1])
        fail(desk, email=email, address="10.0.0.9")
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    clock.advance(minutes=15)
    if email == ana.email:
        assert sign_in(desk)
        fail(desk)
        assert sign_in(desk)


def test_guessing_at_many_accounts_locks_the_address_and_an_own_account_washes_nothing(
    desk: StaffDesk, ana: Account, clock: FakeClock
) -> None:
    assert ana
    for number in range(20):
        fail(desk, email=f"person{number}@example.com")
        clock.advance(seconds=1)
        if number < 19:
            assert sign_in(desk)
    with pytest.raises(SignInLockedError):
        sign_in(desk)
    clock.advance(days=1, seconds=1)
    fail(desk, email="person@example.com")
    assert sign_in(desk)


def test_sign_ins_and_failures_are_in_the_trail(desk: StaffDesk, ana: Account) -> None:
    fail(desk, email="nobody@example.com")
    sign_in(desk)
    assert [(entry.action, entry.who, entry.address) for entry in desk.audit.read(limit=2)] == [
        ("session.opened", ana.email, "10.0.0.1"),
        ("session.refused", "nobody@example.com", "10.0.0.1"),
    ]


def test_an_unknown_address_costs_a_hash_too(desk: StaffDesk, ana: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str | None] = []
    verify = Passwords.verify

    def note(self: Passwords, password: str, stored: str | None) -> bool:
        verified.append(stored)
        return verify(self, password, stored)

    monkeypatch.setattr(Passwords, "verify", note)
    for email in (ana.email, "nobody@example.com"):
        fail(desk, email=email)
    assert [stored is None for stored in verified] == [False, True]


def test_the_own_password_is_asked_for_and_its_failures_counted(
    desk: StaffDesk, ana: Account, clock: FakeClock
) -> None:
    session = sign_in(desk).session
    desk.sessions.check_password(session, password=PASSWORD, address="10.0.0.1")
    for _ in range(5):
        with pytest.raises(AccountError, match="the current password is another one"):
            desk.sessions.check_password(session, password="a wrong sentence", address="10.0.0.1")
    with pytest.raises(SignInLockedError):
        desk.sessions.check_password(session, password=PASSWORD, address="10.0.0.1")
    clock.instant += timedelta(days=2)
    assert sign_in(desk).session.account == ana
