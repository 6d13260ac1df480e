"""The outbox over /v1: each tenant sees and decides about its own commands only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from sqlalchemy import Engine

from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.sending.outbox.commands import Channel, ClaimedCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.domains.sending.outbox.factories import new_command
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import NOW, Answer, Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT, environment

BAKER = "baker-of-a-business-0000000001"
KEY = f"{TENANT}/thanks/send_sms/booking:b1@2026-03-01T01:00:00Z"
LEASE = timedelta(seconds=30)


@pytest.fixture
def receiver(start: StartReceiver) -> RunningReceiver:
    return start(environ=environment() | {"FRONTDESK_BAKERY_OWNER_API_KEY": BAKER})


@pytest.fixture
def outbox(engine: Engine, clock: SetClock) -> Outbox:
    return Outbox(engine, clock=clock, ids=UuidV7Factory(clock))


def ask(
    receiver: RunningReceiver, method: str, path: str, *, body: Any = None, key: str = OWNER_KEY, query: str = ""
) -> Answer:
    content = b"" if body is None else orjson.dumps(body)
    headers = {"x-api-key": key, "content-type": "application/json"}
    return receiver.send(Post(f"/v1/{path}", content, headers, method=method, query=query))


def enqueue(outbox: Outbox, command_key: str = KEY, **changes: Any) -> None:
    outbox.enqueue([new_command(command_key, **({"tenant_id": TENANT, "due_at": NOW} | changes))])


def call(outbox: Outbox) -> ClaimedCommand:
    [claimed] = outbox.claim(limit=9, lease=LEASE)
    assert outbox.begin_call(claimed.command_key, token=claimed.token, lease=LEASE)
    return claimed


def path_of(command_key: str, step: str = "") -> str:
    return f"outbox/{quote(command_key, safe='')}{step}"


def test_commands_are_listed_by_what_is_asked_for_with_the_depth(receiver: RunningReceiver, outbox: Outbox) -> None:
    enqueue(outbox, "a", contact_id="c-1")
    enqueue(outbox, "b", contact_id="c-2", channel=Channel.EMAIL)
    enqueue(outbox, "c", rule_id="thanks")
    enqueue(outbox, "theirs", tenant_id="bakery")
    outbox.cancel(["a"], reason="STOP")

    def listed(query: str) -> list[str]:
        answer = ask(receiver, "GET", "outbox", query=query)
        assert answer.status == 200, answer.body
        return [command["command_key"] for command in answer.json()["commands"]]

    assert listed("") == ["c", "b", "a"]
    assert listed("state=cancelled&state=sent") == ["a"]
    assert listed("channel=email") == listed("contact=c-2") == ["b"]
    assert listed("rule=thanks") == ["c"]
    assert listed("before=theirs") == []
    page = ask(receiver, "GET", "outbox", query="limit=2").json()
    assert [each["waiting_count"] for each in page["depth"]] == [1, 1]
    assert listed(f"limit=2&before={page['next_before']}") == ["a"]
    theirs = ask(receiver, "GET", "outbox", key=BAKER).json()
    assert ([each["command_key"] for each in theirs["commands"]], theirs["next_before"]) == (["theirs"], None)
    assert len(theirs["depth"]) == 1


@pytest.mark.parametrize("query", ["state=gone", "limit=0", "channel=fax", "rule=%00", "colour=red"])
def test_lists_that_there_are_not(receiver: RunningReceiver, query: str) -> None:
    answer = ask(receiver, "GET", "outbox", query=query)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("is_quoted", [True, False])
def test_a_command_is_shown_with_its_attempts(receiver: RunningReceiver, outbox: Outbox, is_quoted: bool) -> None:
    enqueue(outbox)
    claimed = call(outbox)
    outbox.fail(KEY, token=claimed.token, reason="21211: no such number")

    answer = ask(receiver, "GET", path_of(KEY) if is_quoted else f"outbox/{KEY}")

    command = answer.json()
    assert (command["command_key"], command["state"]) == (KEY, "dead")
    assert command["payload"]["to"] == "+17135550100"
    [attempt] = command["attempts"]
    assert (attempt["attempt_number"], attempt["outcome"]) == (1, "failed")
    assert claimed.token.encode() not in answer.body


@pytest.mark.parametrize(
    ("method", "step", "body"),
    [
        ("GET", "", None),
        ("POST", "/redrive", None),
        ("POST", "/resolve", {"attempt_number": 1, "found": "not_sent", "resolved_by": "Bea"}),
    ],
)
def test_another_s_command_is_not_there(
    receiver: RunningReceiver, outbox: Outbox, method: str, step: str, body: Any
) -> None:
    enqueue(outbox)
    outbox.mark_uncertain(KEY, token=call(outbox).token, reason="time-out")
    before = outbox.find(KEY)

    answer = ask(receiver, method, path_of(KEY, step), body=body, key=BAKER)

    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert outbox.find(KEY) == before


def test_a_dead_command_is_redriven_once(receiver: RunningReceiver, outbox: Outbox) -> None:
    enqueue(outbox)
    outbox.fail(KEY, token=call(outbox).token, reason="503")

    first, again = (ask(receiver, "POST", path_of(KEY, "/redrive")) for _ in range(2))

    assert (first.status, first.json()["state"], first.json()["redrives_count"]) == (200, "waiting", 1)
    assert (again.status, again.json()["detail"]) == (
        409,
        "the command is waiting; only a dead one can be redriven",
    )


def test_dead_commands_are_redriven_by_what_they_have_in_common(receiver: RunningReceiver, outbox: Outbox) -> None:
    for key, tenant_id in (("a", TENANT), ("b", TENANT), ("theirs", "bakery")):
        enqueue(outbox, key, tenant_id=tenant_id)
        outbox.fail(key, token=call(outbox).token, reason=f"code {key}")

    assert ask(receiver, "POST", "outbox:redrive", body={"reason_contains": "CODE B"}).json() == {
        "command_keys": ["b"]
    }
    assert ask(receiver, "POST", "outbox:redrive", body={}).json() == {"command_keys": ["a"]}
    assert ask(receiver, "POST", "outbox:redrive", body={"tenant_id": "bakery"}).status == 422


@pytest.mark.parametrize(("found", "state"), [("sent", "sent"), ("not_sent", "waiting")])
def test_an_uncertain_command_is_resolved(
    receiver: RunningReceiver, outbox: Outbox, log: EventLog, found: str, state: str
) -> None:
    enqueue(outbox)
    outbox.mark_uncertain(KEY, token=call(outbox).token, reason="time-out")
    body = {"attempt_number": 1, "found": found, "resolved_by": "Bea"}
    if found == "sent":
        body["provider_id"] = "SM1"

    answer = ask(receiver, "POST", path_of(KEY, "/resolve"), body=body)

    assert (answer.status, answer.json()["state"], answer.json()["provider_id"]) == (
        200,
        state,
        body.get("provider_id"),
    )
    assert answer.json()["attempts"][0]["resolved_by"] == "Bea"
    told = log.read_after(0, limit=9)
    assert [(each.type, each.subject_id, each.source_event_id) for each in told] == (
        [("message.sent", "SM1", f"{KEY}#1:sent")] if found == "sent" else []
    )
    assert all(CANONICAL_PAYLOADS[each.type].model_validate_json(each.payload) for each in told)
    assert ask(receiver, "POST", path_of(KEY, "/resolve"), body=body).status == 409


def test_an_older_attempt_s_look_up_settles_nothing(receiver: RunningReceiver, outbox: Outbox) -> None:
    enqueue(outbox)
    outbox.mark_uncertain(KEY, token=call(outbox).token, reason="time-out")

    body = {"attempt_number": 2, "found": "not_sent", "resolved_by": "Bea"}
    assert ask(receiver, "POST", path_of(KEY, "/resolve"), body=body).status == 409
    wrong = {"attempt_number": 1, "found": "not_sent", "resolved_by": "Bea", "provider_id": "SM1"}
    assert ask(receiver, "POST", path_of(KEY, "/resolve"), body=wrong).status == 422


def test_a_hold_stops_one_business_until_it_is_released(receiver: RunningReceiver, outbox: Outbox) -> None:
    enqueue(outbox)
    enqueue(outbox, "theirs", tenant_id="bakery")
    body = {"channel": "sms", "reason": "wrong price", "held_by": "Bea"}

    assert ask(receiver, "POST", "holds", body=body).json() == {"is_new": True}
    assert ask(receiver, "POST", "holds", body=body).json() == {"is_new": False}

    assert [claimed.command_key for claimed in outbox.claim(limit=9, lease=LEASE)] == ["theirs"]
    [listed] = ask(receiver, "GET", "holds").json()["holds"]
    assert (listed["tenant_id"], listed["channel"], listed["reason"]) == (TENANT, "sms", "wrong price")
    assert ask(receiver, "GET", "holds", key=BAKER).json() == {"holds": []}
    release = "channel=sms&released_by=Bea"
    assert ask(receiver, "DELETE", "holds", query=release, key=BAKER).status == 404
    assert ask(receiver, "DELETE", "holds", query="released_by=Bea").status == 404
    assert ask(receiver, "DELETE", "holds", query=release).status == 204
    assert [claimed.command_key for claimed in outbox.claim(limit=9, lease=LEASE)] == [KEY]


def test_a_rule_that_there_is_not_is_not_held(receiver: RunningReceiver) -> None:
    answer = ask(receiver, "POST", "holds", body={"rule_id": "remindre", "reason": "stop", "held_by": "Bea"})
    assert (answer.status, "no such rule" in answer.json()["detail"]) == (422, True)


def test_without_a_right_key(receiver: RunningReceiver) -> None:
    for method, path in (("GET", "outbox"), ("POST", "outbox:redrive"), ("GET", "holds"), ("POST", "messages")):
        answer = ask(receiver, method, path, body={}, key="wrong")
        assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("command_key", ["x/webhooks/y//z", "/webhooks/", "a//b/", "//webhooks//x"])
def test_a_key_with_slashes_of_its_own_is_found(receiver: RunningReceiver, outbox: Outbox, command_key: str) -> None:
    enqueue(outbox, command_key)
    answer = ask(receiver, "GET", path_of(command_key).replace("%2F", "/"))
    assert (answer.status, answer.json().get("command_key")) == (200, command_key)
