"""Staff over /v1: signing in and out, what each role may, whose name is kept, and no way into another business."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.clocks import SetClock
from tests.domains.staff.conftest import PASSWORD
from tests.webhooks.conftest import only_event
from tests.webhooks.harness import Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT
from tests.webhooks.staff import add, ask, sign_in, token_of

TEXT = {"contact": {"phone": "+15551230001"}, "channel": "sms", "text": "On my way", "requested_by": "Somebody"}
PERSON_MOVED = {"contact": {"phone": "+15551230001"}, "pipeline": "sales", "stage": "new", "by": "Somebody"}


def test_a_session_is_opened_shown_and_ended(receiver: RunningReceiver, directory: StaffDirectory) -> None:
    ana = add(directory, Role.ADMIN, name="Ana")
    opened = sign_in(receiver, "ANA@example.com").json()
    assert opened["staff"] == {
        "staff_id": ana.staff_id, "tenant_id": TENANT, "email": ana.email, "name": "Ana", "role": "admin"
    }  # fmt: skip
    shown = ask(receiver, "GET", "sessions/current", token=opened["token"])
    assert (shown.status, shown.json()) == (200, {name: opened[name] for name in opened if name != "token"})
    assert ask(receiver, "DELETE", "sessions/current", token=opened["token"]).status == 204
    assert ask(receiver, "GET", "sessions/current", token=opened["token"]).status == 401


def test_where_nobody_has_an_account_the_answer_says_how_to_make_one(receiver: RunningReceiver) -> None:
    answer = ask(receiver, "GET", "sessions/current", token="none")
    assert (answer.status, "frontdesk staff add" in answer.json()["detail"]) == (401, True)


def test_an_expired_session_and_a_disabled_account_are_strangers(
    receiver: RunningReceiver, directory: StaffDirectory, clock: SetClock
) -> None:
    ana = add(directory, Role.ADMIN)
    token = token_of(receiver, ana)
    clock.advance(hours=8)
    assert ask(receiver, "GET", "holds", token=token).status == 401
    token = token_of(receiver, ana)
    assert ask(receiver, "GET", "holds", token=token).status == 200
    directory.accounts.set_disabled(ana, is_disabled=True, by="test")
    assert ask(receiver, "GET", "holds", token=token).status == 401
    assert sign_in(receiver, ana.email).status == 401


def test_a_wrong_password_is_refused_like_an_unknown_address_and_then_locked(
    receiver: RunningReceiver, directory: StaffDirectory
) -> None:
    add(directory, Role.ADMIN, name="Ana")
    wrong = [sign_in(receiver, "ana@example.com", password="a wrong sentence") for _ in range(5)]
    unknown = sign_in(receiver, "nobody@example.com", password="a wrong sentence")
    assert {(answer.status, answer.body) for answer in [*wrong, unknown]} == {(401, unknown.body)}
    locked = sign_in(receiver, "ana@example.com")
    assert (locked.status, locked.headers["retry-after"]) == (429, "30")
    assert locked.headers["content-type"] == "application/problem+json"


#: A request for each permission, with the lowest role that may ask.
NEEDS = [
    ("GET", "outbox", None, Role.TECH),
    ("GET", "holds", None, Role.TECH),
    ("GET", "staff", None, Role.TECH),
    ("POST", "messages", TEXT, Role.TECH),
    ("POST", "stage-changes", PERSON_MOVED, Role.ADMIN),
    ("POST", "outbox:redrive", {}, Role.ADMIN),
    ("POST", "holds", {"reason": "storm", "held_by": "Somebody"}, Role.OWNER),
    ("GET", "events", None, Role.OWNER),
    ("GET", "audit", None, Role.OWNER),
]


@pytest.mark.parametrize("request_and_role", NEEDS, ids=lambda need: f"{need[0]} {need[1]}")
def test_each_role_may_what_the_matrix_says(
    receiver: RunningReceiver, directory: StaffDirectory, request_and_role: tuple[str, str, Any, Role]
) -> None:
    method, path, body, needed = request_and_role
    ranks = [Role.TECH, Role.ADMIN, Role.OWNER]
    for role in ranks:
        answer = ask(receiver, method, path, token=token_of(receiver, add(directory, role)), body=body)
        if ranks.index(role) >= ranks.index(needed):
            assert answer.status < 300, answer.body
        else:
            assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")
            assert f"role {needed}" in answer.json()["detail"]


def test_what_a_person_asks_for_carries_their_own_name(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog
) -> None:
    token = token_of(receiver, add(directory, Role.OWNER))
    ask(receiver, "POST", "messages", token=token, body=TEXT)
    ask(receiver, "POST", "stage-changes", token=token, body=PERSON_MOVED)
    message, stage = (orjson.loads(event.payload) for event in log.read_after(0, limit=9))
    assert (message["requested_by"], stage["by"]) == ("owner@example.com", "owner@example.com")
    ask(receiver, "POST", "holds", token=token, body={"reason": "storm", "held_by": "Somebody"})
    [hold] = ask(receiver, "GET", "holds", token=token).json()["holds"]
    assert hold["held_by"] == "owner@example.com"


def test_a_program_says_itself_for_whom_it_asks(receiver: RunningReceiver, log: EventLog) -> None:
    ask(receiver, "POST", "messages", token=OWNER_KEY, body=TEXT)
    assert orjson.loads(only_event(log).payload)["requested_by"] == "Somebody"


def test_a_session_of_one_business_reaches_nothing_of_another(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog
) -> None:
    salon = token_of(receiver, add(directory, Role.OWNER))
    bakery = token_of(receiver, add(directory, Role.OWNER, tenant_id="bakery", name="Bo"))
    ask(receiver, "POST", "messages", token=salon, body=TEXT)
    assert only_event(log).tenant_id == TENANT
    assert ask(receiver, "GET", "events", token=bakery).json()["events"] == []
    assert {entry["who"] for entry in ask(receiver, "GET", "audit", token=bakery).json()["entries"]} == {
        "test", "bo@example.com"
    }  # fmt: skip
    assert [each["name"] for each in ask(receiver, "GET", "staff", token=bakery).json()["staff"]] == ["Bo"]
    assert sign_in(receiver, "bo@example.com", tenant_id=TENANT).status == 401


def test_a_new_password_signs_out_the_other_sessions(receiver: RunningReceiver, directory: StaffDirectory) -> None:
    ana = add(directory, Role.TECH)
    here, there = token_of(receiver, ana), token_of(receiver, ana)
    path = "sessions/current/password"
    wrong = ask(receiver, "PUT", path, token=here, body={"current": "x", "new": "another long sentence"})
    assert (wrong.status, "current password" in wrong.json()["detail"]) == (422, True)
    short = ask(receiver, "PUT", path, token=here, body={"current": PASSWORD, "new": "short"})
    assert (short.status, "10 characters" in short.json()["detail"]) == (422, True)
    changed = ask(receiver, "PUT", path, token=here, body={"current": PASSWORD, "new": "another long sentence"})
    assert changed.status == 204
    assert [ask(receiver, "GET", "holds", token=token).status for token in (here, there)] == [200, 401]


def test_the_trail_tells_who_did_and_read_what_and_who_was_refused(
    receiver: RunningReceiver, directory: StaffDirectory
) -> None:
    tech, owner = (token_of(receiver, add(directory, role)) for role in (Role.TECH, Role.OWNER))
    ask(receiver, "GET", "events", token=tech)
    assert ask(receiver, "POST", "audit", token=tech, body={"action": "contact.read", "subject": "c1"}).status == 204
    assert ask(receiver, "POST", "audit", token=tech, body={"action": "hold.made", "subject": "c1"}).status == 422
    ask(receiver, "GET", "events", token=owner, query="after=0&limit=5")
    nothing = {"reason": "storm", "held_by": "Somebody", "rule_id": "no_such_rule"}
    assert ask(receiver, "POST", "holds", token=OWNER_KEY, body=nothing).status == 422
    assert ask(receiver, "DELETE", "holds", token=OWNER_KEY, query="released_by=Ana").status == 404
    held = {"reason": "storm", "held_by": "Somebody", "channel": "sms"}
    assert ask(receiver, "POST", "holds", token=OWNER_KEY, body=held).status == 200
    first = ask(receiver, "GET", "audit", token=owner, query="limit=3").json()
    rest = ask(receiver, "GET", "audit", token=owner, query=f"before={first['next_before']}").json()
    told = [(entry["who"], entry["action"], entry["subject"]) for entry in first["entries"] + rest["entries"]]
    assert told[:4] == [
        ("owner's key", "hold.made", "channel sms: storm"),
        ("owner@example.com", "events.exported", "after=0&limit=5"),
        ("tech@example.com", "contact.read", "c1"),
        ("tech@example.com", "access.refused", "GET /v1/events"),
    ]
    assert rest["next_before"] is None


def test_what_v1_tells_of_people_is_in_the_trail_once_in_five_minutes(
    receiver: RunningReceiver, directory: StaffDirectory, clock: SetClock
) -> None:
    token = token_of(receiver, add(directory, Role.TECH))
    for _ in range(3):
        ask(receiver, "GET", "outbox", token=token)
    ask(receiver, "GET", "outbox", token=token, query="state=sent")
    for path in ("tasks", "outbox/salon:x", "commands/salon:x/why", "rules/recall/why-not"):
        ask(receiver, "GET", path, token=token, query="contact=%2B61400000001" if "why-not" in path else "")
    clock.advance(minutes=5)
    ask(receiver, "GET", "outbox", token=token)
    entries = [(entry.action, entry.subject) for entry in reversed(directory.audit.read(limit=7))]
    assert entries == [
        ("outbox.listed", None),
        ("outbox.listed", "state=sent"),
        ("tasks.listed", None),
        ("command.read", "salon:x"),
        ("command.explained", "salon:x"),
        ("absence.explained", "recall contact=%2B61400000001"),
        ("outbox.listed", None),
    ]
    assert {entry.who for entry in directory.audit.read(limit=7)} == {"tech@example.com"}


def test_holding_is_not_done_where_it_can_not_be_recorded(
    receiver: RunningReceiver, directory: StaffDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(receiver, add(directory, Role.OWNER))
    held: list[object] = []
    monkeypatch.setattr(Outbox, "hold", lambda *_args, **_named: held.append(1))
    with directory.audit._engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_entries RENAME TO audit_entries_away")
    answer = ask(receiver, "POST", "holds", token=token, body={"reason": "storm", "held_by": "Ana"})
    assert (answer.status, held) == (503, [])


def test_a_strangers_token_is_refused(receiver: RunningReceiver) -> None:
    answer = receiver.send(Post("/v1/holds", method="GET", headers={"authorization": "Bearer nobody"}))
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
