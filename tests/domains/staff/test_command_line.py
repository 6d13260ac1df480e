"""`frontdesk staff` and `frontdesk audit`: what is typed, what is shown, and what is refused in one line."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from frontdesk.core.cli import build_app
from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import FrontdeskError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.settings import load_settings
from frontdesk.domains.staff.cli import app
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.errors import AccountError, SignInRefusedError, UnknownAccountError
from frontdesk.domains.staff.roles import Role
from tests.domains.staff.conftest import PASSWORD, quick_passwords

TENANTS = Path(__file__).parents[3] / "tenants"
CLINIC = "avatar-imaging"
ANA = "ana@example.com"
ADD = ("staff", "add", ANA, "--tenant", CLINIC, "--name", "Ana Li", "--role", "tech", "--password-stdin")
NEW_PASSWORD = "another long sentence"


class Shown(NamedTuple):
    text: str
    error: FrontdeskError | None
    exit_code: int


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StaffDirectory:
    """Return the directory over the database that the commands use."""
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(TENANTS))
    settings = load_settings()
    engine = open_engine(settings.event_log_url)
    create_tables(engine)
    clock = SystemClock()
    return StaffDirectory.open(
        engine, settings=settings, clock=clock, ids=UuidV7Factory(clock), passwords=quick_passwords()
    )


def run(*words: str, typed: str = f"{PASSWORD}\n") -> Shown:
    """Type `frontdesk` and these words, and what is asked for then."""
    result = CliRunner().invoke(app, words, input=typed)
    error = result.exception if isinstance(result.exception, FrontdeskError) else None
    return Shown(result.output, error, result.exit_code)


def may_sign_in(directory: StaffDirectory, password: str) -> bool:
    try:
        directory.sessions.sign_in(email=ANA, password=password, address="10.0.0.1")
    except SignInRefusedError:
        return False
    return True


@pytest.mark.usefixtures("directory")
def test_they_are_commands_of_frontdesk() -> None:
    for words in (["staff", "list"], ["audit"]):
        assert CliRunner().invoke(build_app(), words).exit_code == 0


def test_an_account_is_made_with_a_password_that_is_no_argument(directory: StaffDirectory) -> None:
    assert run("staff", "list").text == "There are no accounts; make one with staff add.\n"
    assert run(*ADD).text == f"{ANA} may sign in to {CLINIC} as tech.\n"
    assert may_sign_in(directory, PASSWORD)


def test_a_password_is_asked_for_twice_and_not_shown(directory: StaffDirectory) -> None:
    shown = run(*ADD[:-1], typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert shown.text.startswith("Password: \nRepeat for confirmation: \n")
    assert PASSWORD not in shown.text
    assert may_sign_in(directory, PASSWORD)


def test_one_person_with_several_businesses_and_again_where_missing(directory: StaffDirectory) -> None:
    run(*ADD)
    again = run(*ADD, "--tenant", "noizylab")
    assert str(again.error) == f"{ANA} has an account with {CLINIC} already"
    assert run(*ADD, "--tenant", "noizylab", "--if-missing").text == f"{ANA} may sign in to noizylab as tech.\n"
    assert [account.tenant_id for account in directory.accounts.list_all()] == [CLINIC, "noizylab"]


def test_accounts_are_listed_with_what_they_may(directory: StaffDirectory) -> None:
    run(*ADD, "--tenant", "noizylab")
    run("staff", "disable", ANA, "--tenant", "noizylab")
    lines = [line.split() for line in run("staff", "list").text.splitlines()]
    assert lines == [
        ["Business", "E-mail", "Name", "Role"],
        [CLINIC, ANA, "Ana", "Li", "tech"],
        ["noizylab", ANA, "Ana", "Li", "tech", "disabled"],
    ]
    assert "noizylab" not in run("staff", "list", "--tenant", CLINIC).text
    assert len(directory.accounts.list_all()) == 2


def test_a_role_is_changed_and_an_open_session_has_it_at_once(directory: StaffDirectory) -> None:
    run(*ADD)
    [opened] = directory.sessions.sign_in(email=ANA, password=PASSWORD, address="10.0.0.1")
    assert run("staff", "role", ANA, "owner", "--tenant", CLINIC).text == f"{ANA} works for {CLINIC} as owner.\n"
    assert directory.accounts.find(tenant_id=CLINIC, email=ANA).role is Role.OWNER
    session = directory.sessions.find(opened.token)
    assert session
    assert session.account.role is Role.OWNER


def test_a_new_password_ends_what_the_old_one_opened(directory: StaffDirectory) -> None:
    run(*ADD)
    [opened] = directory.sessions.sign_in(email=ANA, password=PASSWORD, address="10.0.0.1")
    assert "10.0.0.1" in run("staff", "sessions").text
    shown = run("staff", "password", ANA, "--tenant", CLINIC, "--password-stdin", typed=f"{NEW_PASSWORD}\n")
    assert shown.text == f"{ANA} signs in to {CLINIC} with the new password.\n"
    assert directory.sessions.find(opened.token) is None
    assert run("staff", "sessions").text == "Nobody is signed in.\n"
    assert not may_sign_in(directory, PASSWORD)
    assert may_sign_in(directory, NEW_PASSWORD)


def test_who_leaves_is_signed_out_and_can_come_back(directory: StaffDirectory) -> None:
    run(*ADD)
    [opened] = directory.sessions.sign_in(email=ANA, password=PASSWORD, address="10.0.0.1")
    assert run("staff", "disable", ANA, "--tenant", CLINIC).text == f"{ANA} is signed out.\n"
    assert directory.sessions.find(opened.token) is None
    assert not may_sign_in(directory, PASSWORD)
    assert (
        run("staff", "disable", ANA, "--tenant", CLINIC, "--undo").text == f"{ANA} may sign in to {CLINIC} again.\n"
    )
    assert may_sign_in(directory, PASSWORD)


def test_the_trail_names_who_was_at_the_command_line(directory: StaffDirectory) -> None:
    assert run("audit").text == "Nothing is recorded.\n"
    run(*ADD, "--tenant", "noizylab")
    run("staff", "role", ANA, "admin", "--tenant", CLINIC)
    run("staff", "disable", ANA, "--tenant", CLINIC)
    trail = directory.audit.read()
    assert [(entry.action, entry.tenant_id, entry.subject) for entry in trail] == [
        ("account.disabled", CLINIC, ANA),
        ("account.made_admin", CLINIC, ANA),
        ("account.added", "noizylab", ANA),
        ("account.added", CLINIC, ANA),
    ]
    assert {entry.who for entry in trail} == {f"{getuser()} at the command line"}
    newest, *_ = lines = run("audit").text.splitlines()[1:]
    assert len(lines) == 4
    assert all(part in newest for part in (str(trail[0].audit_id), "UTC", CLINIC, "account.disabled", ANA, getuser()))


def test_the_trail_is_read_in_pages_and_by_business(directory: StaffDirectory) -> None:
    for number in range(5):
        directory.audit.record("contact.read", tenant_id=CLINIC, who=ANA, subject=f"c{number}", address="10.0.0.1")
    directory.audit.record("contact.read", tenant_id="noizylab", who="bea@example.com", subject="d0")
    assert [line.split()[-2] for line in pages_of(run("audit", "--tenant", CLINIC, "--limit", "2"))] == ["c4", "c3"]
    oldest = directory.audit.read(tenant_id=CLINIC)[1].audit_id
    rest = pages_of(run("audit", "--tenant", CLINIC, "--before", str(oldest)))
    assert [line.split()[-2] for line in rest] == ["c2", "c1", "c0"]
    assert "d0" in pages_of(run("audit"))[0]


def pages_of(shown: Shown) -> list[str]:
    return shown.text.splitlines()[1:]


@pytest.mark.parametrize(
    ("words", "typed", "error", "told"),
    [
        (("staff", "list", "--tenant", "nowhere"), "", AccountError, "there is no business nowhere; use one of"),
        (("staff", "sessions", "--tenant", "nowhere"), "", AccountError, "there is no business nowhere; use one of"),
        (("audit", "--tenant", "nowhere"), "", AccountError, "there is no business nowhere; use one of"),
        ((*ADD, "--tenant", "nowhere"), f"{PASSWORD}\n", AccountError, "there is no business nowhere; use one of"),
        (ADD, "short\n", AccountError, "10 characters or more"),
        (ADD, "", AccountError, "10 characters or more"),
        (
            ("staff", "disable", ANA, "--tenant", CLINIC),
            "",
            UnknownAccountError,
            "has no account with",
        ),
        (("staff", "role", ANA, "tech", "--tenant", CLINIC), "", UnknownAccountError, "`frontdesk staff list` shows"),
        (("staff", "password", "ana", "--tenant", CLINIC), "", AccountError, "no e-mail address; write one such as"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_done(
    directory: StaffDirectory, words: tuple[str, ...], typed: str, error: type[FrontdeskError], told: str
) -> None:
    shown = run(*words, typed=typed)
    assert isinstance(shown.error, error)
    assert told in str(shown.error)
    assert "\n" not in str(shown.error)
    assert directory.accounts.is_empty()
    assert directory.audit.read() == []


@pytest.mark.parametrize(
    "words",
    [
        ("staff", "role", ANA, "boss", "--tenant", CLINIC),
        ("staff", "add", ANA, "--tenant", CLINIC, "--name", "Ana"),
        ("audit", "--limit", "0"),
    ],
)
def test_what_can_not_be_read_is_a_wrong_use(directory: StaffDirectory, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2
    assert directory.audit.read() == []
