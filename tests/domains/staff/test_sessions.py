"""Signing in, sessions that end, and locks that grow, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from frontdesk.core.ids import new_session_token
from frontdesk.domains.staff.accounts import Account
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.errors import AccountError, SignInLockedError, SignInRefusedError
from frontdesk.domains.staff.passwords import Passwords
from frontdesk.domains.staff.roles import Role
from frontdesk.domains.staff.schema import staff_sessions
from frontdesk.domains.staff.sessions import OpenedSession, tokens_of
from tests.clocks import SetClock
from tests.domains.staff.conftest import PASSWORD


def sign_in(
    directory: StaffDirectory,
    *,
    email: str = "ana@example.com",
    password: str = PASSWORD,
    address: str = "10.0.0.1",
    device: str | None = None,
) -> OpenedSession:
    [opened] = directory.sessions.sign_in(
        email=email, password=password, address=address, tenant_id="salon", device=device
    )
    return opened


def fail(directory: StaffDirectory, *, email: str = "ana@example.com", address: str = "10.0.0.1") -> None:
    with pytest.raises(SignInRefusedError):
        directory.sessions.sign_in(email=email, password="a wrong sentence", address=address)


def test_a_session_is_found_by_its_token_of_which_the_hash_alone_is_kept(
    directory: StaffDirectory, ana: Account, engine: Engine
) -> None:
    opened = sign_in(directory)
    found = directory.sessions.find(opened.token)
    assert found == opened.session
    assert found is not None
    assert found.account == ana
    assert directory.sessions.find(f"{opened.token}x") is None
    with engine.connect() as connection:
        [row] = connection.execute(select(staff_sessions)).mappings()
    assert opened.token not in str(dict(row))
    assert len(opened.token) == 43


def test_a_session_ends_when_idle_when_old_and_when_signed_out(
    directory: StaffDirectory, ana: Account, clock: SetClock
) -> None:
    assert ana
    idle = sign_in(directory)
    clock.advance(hours=7, minutes=59)
    assert directory.sessions.find(idle.token, is_use=False)
    clock.advance(minutes=1)
    assert directory.sessions.find(idle.token) is None

    used = sign_in(directory)
    for _ in range(7 * 24 - 1):
        clock.advance(hours=1)
        assert directory.sessions.find(used.token)
    clock.advance(hours=1)
    assert directory.sessions.find(used.token) is None

    left = sign_in(directory)
    assert [each.account for each in directory.sessions.list_open()] == [ana]
    directory.sessions.end(left.session)
    directory.sessions.end(left.session)
    assert directory.sessions.find(left.token) is None
    assert directory.sessions.list_open() == []
    assert [entry.action for entry in directory.audit.read()].count("session.ended") == 1


def test_disabling_and_a_new_password_end_sessions(directory: StaffDirectory, ana: Account) -> None:
    kept, other = sign_in(directory), sign_in(directory)
    directory.accounts.set_password(
        ana, password="another long sentence", by="ana", keep_session=kept.session.token_sha256
    )
    assert directory.sessions.find(kept.token)
    assert directory.sessions.find(other.token) is None
    directory.accounts.set_disabled(ana, is_disabled=True, by="Bea")
    assert directory.sessions.find(kept.token) is None
    with pytest.raises(SignInRefusedError, match="may sign in"):
        sign_in(directory, password="another long sentence")


def test_one_sign_in_opens_a_session_with_every_business_it_fits(directory: StaffDirectory, ana: Account) -> None:
    for tenant_id, password in (("bakery", PASSWORD), ("garage", "another long sentence")):
        directory.accounts.add(
            tenant_id=tenant_id, email=ana.email, name="Ana", role=Role.OWNER, password=password, by="test"
        )
    opened = directory.sessions.sign_in(email=ana.email, password=PASSWORD, address="10.0.0.1")
    assert {each.session.account.tenant_id for each in opened} == {"salon", "bakery"}
    assert len({each.token for each in opened}) == 2


@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
def test_failures_lock_for_ever_longer_whether_there_is_an_account_or_not(
    directory: StaffDirectory, ana: Account, clock: SetClock, email: str
) -> None:
    assert ana
    for _ in range(5):
        fail(directory, email=email, address="10.0.0.9")
    waits = []
    for _ in range(7):
        with pytest.raises(SignInLockedError) as locked:
            sign_in(directory, email=email, address="10.0.0.9")
        waits.append(locked.value.retry_after_s)
        clock.advance(seconds=waits[-1])
        fail(directory, email=email, address="10.0.0.9")
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    clock.advance(minutes=15)
    if email == ana.email:
        assert sign_in(directory)
        fail(directory)
        assert sign_in(directory)


def test_a_stranger_who_guesses_does_not_lock_the_owner_out(directory: StaffDirectory, ana: Account) -> None:
    for _ in range(5):
        fail(directory, email=ana.email, address="192.0.2.7")
    with pytest.raises(SignInLockedError):
        sign_in(directory, address="192.0.2.7")
    assert sign_in(directory)


def test_many_addresses_at_one_account_lock_strangers_and_nobody_who_is_known(
    directory: StaffDirectory, ana: Account, clock: SetClock
) -> None:
    sign_in(directory, device="the browser at home")
    at_the_shop = sign_in(directory, address="10.0.0.2")
    for number in range(50):
        fail(directory, email=ana.email, address=f"192.0.2.{number}")
    with pytest.raises(SignInLockedError) as locked:
        sign_in(directory, address="198.51.100.1")
    assert locked.value.retry_after_s == 30
    assert sign_in(directory, address="198.51.100.1", device="the browser at home")
    assert sign_in(directory, address="10.0.0.2")
    directory.sessions.end(at_the_shop.session)
    clock.advance(seconds=30)
    assert sign_in(directory, address="198.51.100.1")


def test_a_known_browser_passes_where_a_stranger_shares_its_address(directory: StaffDirectory, ana: Account) -> None:
    sign_in(directory, device="Ana's browser")
    for _ in range(5):
        fail(directory, email=ana.email)
    for number in range(15):
        fail(directory, email=f"person{number}@example.com")
    with pytest.raises(SignInLockedError):
        sign_in(directory)
    assert sign_in(directory, device="Ana's browser")


def test_a_known_browser_has_few_guesses_too_and_none_at_another_account(
    directory: StaffDirectory, ana: Account, clock: SetClock
) -> None:
    assert ana
    sign_in(directory, device="a stolen browser")
    for _ in range(5):
        with pytest.raises(SignInRefusedError):
            sign_in(directory, password="a wrong sentence", device="a stolen browser")
    with pytest.raises(SignInLockedError):
        sign_in(directory, device="a stolen browser")
    for _ in range(5):
        with pytest.raises(SignInRefusedError):
            sign_in(directory, email="bo@example.com", device="a stolen browser")
    with pytest.raises(SignInLockedError):
        sign_in(directory, email="bo@example.com", device="a stolen browser")
    clock.advance(days=181)
    assert sign_in(directory, device="a stolen browser")


def test_all_of_an_ipv6_network_is_one_address(directory: StaffDirectory, ana: Account) -> None:
    for number in range(5):
        fail(directory, email=ana.email, address=f"2001:db8::{number}:1")
    with pytest.raises(SignInLockedError):
        sign_in(directory, address="2001:db8::ffff")
    assert sign_in(directory, address="2001:db8:0:1::1")


def test_a_cookie_of_many_tokens_costs_little() -> None:
    genuine = [new_session_token() for _ in range(3)]
    assert tokens_of(".".join([*genuine, genuine[0], "x", ""])) == genuine
    assert len(tokens_of(".".join(new_session_token() for _ in range(1_900)))) == 32
    assert tokens_of("." * 100_000) == []


@pytest.mark.parametrize("password", ["\ud800", "a good sentence \udfff"])
def test_half_a_character_is_no_password(directory: StaffDirectory, ana: Account, password: str) -> None:
    with pytest.raises(SignInRefusedError):
        sign_in(directory, email=ana.email, password=password)
    with pytest.raises(AccountError, match=r"password"):
        directory.accounts.set_password(ana, password=password, by="test")


def test_guessing_at_many_accounts_locks_the_address_and_an_own_account_washes_nothing(
    directory: StaffDirectory, ana: Account, clock: SetClock
) -> None:
    assert ana
    for number in range(20):
        fail(directory, email=f"person{number}@example.com")
        clock.advance(seconds=1)
        if number < 19:
            assert sign_in(directory)
    with pytest.raises(SignInLockedError):
        sign_in(directory)
    clock.advance(days=1, seconds=1)
    fail(directory, email="person@example.com")
    assert sign_in(directory)


def test_sign_ins_and_failures_are_in_the_trail(directory: StaffDirectory, ana: Account) -> None:
    fail(directory, email="nobody@example.com")
    sign_in(directory)
    assert [(entry.action, entry.who, entry.address) for entry in directory.audit.read(limit=2)] == [
        ("session.opened", ana.email, "10.0.0.1"),
        ("session.refused", "nobody@example.com", "10.0.0.1"),
    ]


def test_an_unknown_address_costs_a_hash_too(
    directory: StaffDirectory, ana: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str | None] = []
    verify = Passwords.verify

    def note(self: Passwords, password: str, stored: str | None) -> bool:
        verified.append(stored)
        return verify(self, password, stored)

    monkeypatch.setattr(Passwords, "verify", note)
    for email in (ana.email, "nobody@example.com"):
        fail(directory, email=email)
    assert [stored is None for stored in verified] == [False, True]


def test_the_own_password_is_asked_for_and_its_failures_counted(
    directory: StaffDirectory, ana: Account, clock: SetClock
) -> None:
    session = sign_in(directory).session
    directory.sessions.check_password(session, password=PASSWORD, address="10.0.0.1")
    for _ in range(5):
        with pytest.raises(AccountError, match="the current password is another one"):
            directory.sessions.check_password(session, password="a wrong sentence", address="10.0.0.1")
    with pytest.raises(SignInLockedError):
        directory.sessions.check_password(session, password=PASSWORD, address="10.0.0.1")
    clock.instant += timedelta(days=2)
    assert sign_in(directory).session.account == ana
