"""The sign-in page: a form, a cookie that scripts can't read, nothing for other sites, no way elsewhere."""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.domains.staff.conftest import PASSWORD
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Answer, Post, RunningReceiver
from tests.webhooks.staff import add, ask

HOST = "desk.example:8000"
FORM = {"content-type": "application/x-www-form-urlencoded", "host": HOST, "origin": f"http://{HOST}"}


def submit(
    receiver: RunningReceiver, *, password: str = PASSWORD, next_path: str = "/", **headers: str | None
) -> Answer:
    form = urlencode({"email": "owner@example.com", "password": password, "next": next_path})
    return receiver.send(Post("/sign-in", form.encode(), FORM).with_headers(**headers))


def test_the_form_leads_to_the_dashboard_with_a_cookie_that_no_script_can_read(
    receiver: RunningReceiver, directory: StaffDirectory
) -> None:
    for tenant_id in ("salon", "bakery"):
        add(directory, Role.OWNER, tenant_id=tenant_id)
    answer = submit(receiver, next_path="/contacts?tenant=salon")
    assert (answer.status, answer.headers["location"]) == (303, "http://desk.example:8501/contacts?tenant=salon")
    cookie = SimpleCookie(answer.headers["set-cookie"])["frontdesk_session"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["max-age"]) == ("lax", "/", str(7 * 24 * 3600))
    assert not cookie["domain"]
    tokens = cookie.value.split(".")
    staff = [ask(receiver, "GET", "sessions/current", token=token).json()["staff"] for token in tokens]
    assert {each["tenant_id"] for each in staff} == {"salon", "bakery"}

    out = receiver.send(Post("/sign-out", b"", FORM).with_headers(cookie=f"frontdesk_session={cookie.value}"))
    assert (out.status, out.headers["location"]) == (303, "/sign-in")
    assert all(ask(receiver, "GET", "sessions/current", token=token).status == 401 for token in tokens)


def test_the_page_says_what_to_do_and_needs_nothing_from_elsewhere(
    start: StartReceiver, directory: StaffDirectory
) -> None:
    page = start(sign_in_hint="<demo>: one password").send(Post("/sign-in", method="GET"))
    text = page.body.decode()
    assert (page.status, "frontdesk staff add" in text, "&lt;demo&gt;: one password" in text) == (200, True, True)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in text
    add(directory, Role.OWNER)
    assert "frontdesk staff add" not in start().send(Post("/sign-in", method="GET")).body.decode()


def test_a_wrong_password_shows_the_form_again_and_locks(
    receiver: RunningReceiver, directory: StaffDirectory
) -> None:
    add(directory, Role.OWNER)
    for _ in range(5):
        answer = submit(receiver, password="<wrong> sentence")
        assert (answer.status, "set-cookie" in answer.headers) == (401, False)
        assert "<wrong>" not in answer.body.decode()
        assert 'value="owner@example.com"' in answer.body.decode()
    locked = submit(receiver)
    assert (locked.status, locked.headers["retry-after"]) == (429, "30")


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://desk.example:9999", "http://["])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_forms_of_other_sites_are_refused(
    receiver: RunningReceiver, directory: StaffDirectory, path: str, origin: str | None
) -> None:
    add(directory, Role.OWNER)
    form = urlencode({"email": "owner@example.com", "password": PASSWORD}).encode()
    answer = receiver.send(Post(path, form, FORM).with_headers(origin=origin))
    assert (answer.status, "set-cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize(
    "next_path", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "@evil.example", ""]
)
def test_signing_in_leads_nowhere_else(receiver: RunningReceiver, directory: StaffDirectory, next_path: str) -> None:
    add(directory, Role.OWNER)
    assert submit(receiver, next_path=next_path).headers["location"] == "http://desk.example:8501/"


def test_a_form_of_any_length_is_not_read(receiver: RunningReceiver) -> None:
    assert receiver.send(Post("/sign-in", b"email=" + b"x" * 10_000, FORM)).status == 413


def test_addresses_behind_a_proxy_are_settings(start: StartReceiver, directory: StaffDirectory) -> None:
    add(directory, Role.OWNER)
    answer = submit(start(dashboard_url="https://desk.example/"))
    assert answer.headers["location"] == "https://desk.example/"


def test_a_strangers_name_that_points_here_signs_nobody_in_or_out(
    receiver: RunningReceiver, directory: StaffDirectory
) -> None:
    add(directory, Role.OWNER)
    for host in ("evil.example", "desk.example.evil.example", "[", ""):
        foreign = {"host": host, "origin": f"http://{host}"}
        assert submit(receiver, **foreign).status == 421
        assert receiver.send(Post("/sign-out", b"", FORM).with_headers(**foreign)).status == 421
