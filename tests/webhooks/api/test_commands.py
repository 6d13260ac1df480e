"""What staff asks for by hand over /v1 is an event, once for each Idempotency-Key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from tests.webhooks.conftest import only_event
from tests.webhooks.harness import NOW, Answer, Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT

TEXT = {"contact": {"phone": "+15551230001"}, "channel": "sms", "text": "On my way", "requested_by": "Bea"}
STAGE = {"booking_id": "R1", "pipeline": "sales", "stage": "new"}


def ask(receiver: RunningReceiver, path: str, body: Any, *, key: str | None = None) -> Answer:
    headers = {"x-api-key": OWNER_KEY, "content-type": "application/json"}
    if key is not None:
        headers["idempotency-key"] = key
    return receiver.send(Post(f"/v1/{path}", orjson.dumps(body), headers))


def test_a_message_asked_for_is_an_event_and_names_its_command(receiver: RunningReceiver, log: EventLog) -> None:
    answer = ask(receiver, "messages", TEXT)

    event = only_event(log)
    assert (answer.status, answer.json()["event_id"]) == (202, event.event_id)
    message_id = answer.json()["message_id"]
    assert answer.json()["command_key"] == f"{TENANT}/manual/send_sms/{message_id}"
    assert (event.tenant_id, event.source, event.type) == (TENANT, "frontdesk", "message.requested")
    assert (event.subject_id, event.origin, event.occurred_at) == (message_id, "command", NOW)
    assert orjson.loads(event.payload) == {"message_id": message_id, **TEXT}
    assert CANONICAL_PAYLOADS["message.requested"].model_validate_json(event.payload)


@pytest.mark.parametrize(("path", "body"), [("messages", TEXT), ("stage-changes", STAGE)])
def test_the_same_key_is_one_request(receiver: RunningReceiver, log: EventLog, path: str, body: Any) -> None:
    first, again = (ask(receiver, path, body, key="k-1") for _ in range(2))

    assert first.status == again.status == 202
    assert first.json() == again.json()
    assert only_event(log)
    other = ask(receiver, path, body, key="k-2")
    assert other.json()["event_id"] != first.json()["event_id"]
    assert ask(receiver, path, body).json() != ask(receiver, path, body).json()


@pytest.mark.parametrize(
    ("path", "body", "changes"), [("messages", TEXT, {"text": "Late"}), ("stage-changes", STAGE, {"title": "Late"})]
)
def test_a_key_used_for_another_request_is_refused(
    receiver: RunningReceiver, log: EventLog, path: str, body: Any, changes: Any
) -> None:
    ask(receiver, path, body, key="k-1")
    answer = ask(receiver, path, body | changes, key="k-1")
    assert (answer.status, "came with another request" in answer.json()["detail"]) == (422, True)
    assert only_event(log)


def test_a_stage_change_is_an_event(receiver: RunningReceiver, log: EventLog) -> None:
    answer = ask(receiver, "stage-changes", STAGE | {"occurred_at": "2026-10-31T09:00:00+01:00"})

    event = only_event(log)
    assert (answer.status, answer.json()) == (202, {"event_id": event.event_id})
    assert (event.type, event.subject_id) == ("stage.changed", "R1")
    assert event.occurred_at == datetime(2026, 10, 31, 8, tzinfo=UTC)
    assert orjson.loads(event.payload) == STAGE


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("messages", TEXT | {"text": None}, "needs text or template"),
        ("messages", TEXT | {"contact": {"name": "Ana"}}, "contact needs external_id, phone or email"),
        ("messages", TEXT | {"text": None, "template": "thankyou"}, "there is none of that name for sms"),
        ("messages", TEXT | {"channel": "email", "subject": "Hello"}, "has no provider for email"),
        ("messages", TEXT | {"colour": "red"}, "colour"),
        ("stage-changes", STAGE | {"booking_id": None}, "needs booking_id or contact"),
        ("stage-changes", STAGE | {"pipeline": "sale"}, "pipeline: there is none of that key; use one of sales"),
        ("stage-changes", STAGE | {"stage": "old"}, "has none of that key; use one of new"),
        ("stage-changes", STAGE | {"occurred_at": "2026-10-31T09:00:00"}, "timezone"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    receiver: RunningReceiver, log: EventLog, path: str, body: Any, reason: str
) -> None:
    answer = ask(receiver, path, body)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert reason in answer.json()["detail"]
    assert log.last_sequence() == 0
