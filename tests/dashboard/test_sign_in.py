"""Who sees the dashboard: real sessions of a real receiver, with only the browser's cookie given by the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame import sign_in
from frontdesk.core.settings import Settings
from frontdesk.domains.staff.roles import Role
from tests.dashboard.conftest import APP, TIMEOUT_SECONDS, open_page, owner_of, sign_in_as, text_of
from tests.dashboard.published_file import ANNA, BARBERS, MASSAGE
from tests.dashboard.receivers import EMAIL, Beside, receiver_beside

find_signed_in = sign_in.find_signed_in


@pytest.fixture
def beside(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    with receiver_beside(filled_home) as beside:
        for name, value in beside.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sign_in, "find_signed_in", find_signed_in)
        yield beside


def open_frame() -> AppTest:
    return AppTest.from_file(APP, default_timeout=TIMEOUT_SECONDS).run()


def give_cookie(monkeypatch: pytest.MonkeyPatch, *tokens: str) -> None:
    monkeypatch.setattr(sign_in, "read_cookie", lambda: ".".join(tokens))


def test_strangers_see_the_way_in_and_nothing_else(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    assert beside.url
    for cookie in ("", "nobody"):
        give_cookie(monkeypatch, cookie)
        app = open_frame()
        assert not app.exception
        assert "Sign in to see your front desk." in text_of(app)
        assert "Harbour Massage" not in text_of(app)
        assert not app.button
        assert not app.selectbox


def test_the_cookies_businesses_and_no_others_are_offered(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    give_cookie(monkeypatch, beside.open_session(MASSAGE))
    app = open_frame()
    assert not app.selectbox
    assert "Northside Barbers" not in text_of(app)
    give_cookie(monkeypatch, beside.open_session(MASSAGE), "nobody", beside.open_session(BARBERS))
    assert list(open_frame().selectbox(key="tenant").options) == [
        "All businesses",
        "Harbour Massage",
        "Northside Barbers",
    ]


def test_signing_out_ends_the_session_and_shows_the_way_in(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    token = beside.open_session(MASSAGE)
    give_cookie(monkeypatch, token)
    app = open_frame()
    app.button(key="sign_out").click().run()
    assert beside.staff.sessions.find(token) is None
    assert "Sign in to see your front desk." in text_of(app)


def test_a_disabled_account_sees_nothing_at_the_next_look(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    give_cookie(monkeypatch, beside.open_session(MASSAGE))
    assert "Sign in to see your front desk." not in text_of(open_frame())
    account = beside.staff.accounts.find(tenant_id=MASSAGE, email=EMAIL)
    beside.staff.accounts.set_disabled(account, is_disabled=True, by="test")
    assert "Sign in to see your front desk." in text_of(open_frame())


def test_a_contacts_page_that_is_read_is_noted_once(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    give_cookie(monkeypatch, beside.open_session(MASSAGE))
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA)
    app.run()
    read = [entry for entry in beside.staff.audit.read(tenant_id=MASSAGE) if entry.action == "contact.read"]
    assert [(entry.who, entry.subject) for entry in read] == [(EMAIL, ANNA)]


@pytest.mark.usefixtures("filled_home")
def test_a_tech_sees_fewer_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in_as(monkeypatch, owner_of(MASSAGE, role=Role.TECH))
    assert "Events a day by source" not in text_of(open_frame())
    assert "José Álvarez" in "".join(button.label for button in open_page("contacts").button)


@pytest.mark.parametrize(
    ("setting", "page"),
    [
        ("https://front.example.com", "https://front.example.com/sign-in"),
        ("https://front.example.com/", "https://front.example.com/sign-in"),
        ("https://front.example.com/desk/sign-in", "https://front.example.com/desk/sign-in"),
        (None, "http://127.0.0.1:8000/sign-in"),
    ],
)
def test_the_way_in_leads_to_the_sign_in_page_whether_the_setting_names_it_or_only_the_host(
    setting: str | None, page: str
) -> None:
    assert sign_in.sign_in_address(Settings(sign_in_url=setting)).startswith(f"{page}?next=")
