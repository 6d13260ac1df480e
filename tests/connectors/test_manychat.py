"""ManyChat: the token, Full Contact Data as it really comes, and bodies that are broken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, RunningReceiver
from tests.webhooks.signing import MANYCHAT_TOKEN, environment, manychat_post

OFFICIAL_SAMPLE = (
    b'{"id":13245647000000000,"key":"user:13245647000000000","page_id":234564657000000,"status":"active",'
    b'"first_name":"Subscriber","last_name":"Lastname","last_input_text":"INFO","last_growth_tool":null,'
    b'"last_interaction":"2018-07-02T00:00:00+00:00","custom_fields":{"customField":0.75,"customBool":true}}'
)
INSTAGRAM: dict[str, Any] = {
    "key": "user:1234567890",
    "id": "1234567890",
    "page_id": "234564657",
    "last_interaction": None,
    "ig_last_interaction": "2026-11-01T12:00:00+00:00",
    "ig_id": 17841400000000000,
    "custom_fields": {"utm_source": "instagram"},
}


def test_the_official_sample(receiver: RunningReceiver, log: EventLog) -> None:
    assert [receiver.send(manychat_post(OFFICIAL_SAMPLE)).outcome for _ in range(2)] == ["accepted", "duplicate"]
    event = only_event(log)
    assert (event.type, event.subject_id) == ("manychat.full_contact_data", "13245647000000000")
    assert event.occurred_at == datetime(2018, 7, 2, tzinfo=UTC)
    assert event.payload == event.body == OFFICIAL_SAMPLE


def test_a_named_event_of_an_instagram_contact(receiver: RunningReceiver, log: EventLog) -> None:
    named = INSTAGRAM | {"event": "lead_captured"}
    assert [receiver.send(manychat_post(named)).outcome for _ in range(2)] == ["accepted", "duplicate"]
    event = only_event(log)
    assert event.type == "manychat.lead_captured"
    assert event.source_event_id.startswith("1234567890:2026-11-01T12:00:00+00:00:lead_captured:")


def test_two_posts_within_one_interaction_are_both_kept(receiver: RunningReceiver, log: EventLog) -> None:
    first = INSTAGRAM | {"event": "lead"}
    bodies = [first, first | {"phone": "+61491570129"}, first]
    assert [receiver.send(manychat_post(body)).outcome for body in bodies] == ["accepted", "accepted", "duplicate"]
    assert [orjson.loads(event.payload).get("phone") for event in log.read_after(0, limit=9)] == [
        None,
        "+61491570129",
    ]


def test_without_a_name_the_body_tells_deliveries_apart(receiver: RunningReceiver) -> None:
    bodies = [INSTAGRAM, INSTAGRAM | {"custom_fields": {"step": "2"}}, INSTAGRAM]
    outcomes = [receiver.send(manychat_post(body)).outcome for body in bodies]
    assert outcomes == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Lead captured!", "manychat.Lead_captured_"),
        ("\x00\u2603", "manychat.__"),
        ("x" * 500, "manychat." + "x" * 191),
        ("", "manychat.full_contact_data"),
        (7, "manychat.7"),
        ([], "manychat.full_contact_data"),
    ],
)
def test_names_are_typed_by_people(receiver: RunningReceiver, log: EventLog, name: object, kept: str) -> None:
    assert receiver.send(manychat_post(INSTAGRAM | {"event": name})).status == 200
    assert only_event(log).type == kept


@pytest.mark.parametrize(
    "body", [b'{"name":"Ana "Annie" Lee"}', b'{"text":"two\nlines"}', b"", b"[]", b"5", b"\xff\xfe", b'"\\ud800"']
)
def test_broken_bodies_are_kept_for_a_person(receiver: RunningReceiver, log: EventLog, body: bytes) -> None:
    assert [receiver.send(manychat_post(body)).outcome for _ in range(2)] == ["accepted", "duplicate"]
    event = only_event(log)
    assert (event.type, event.body) == ("manychat.unparsable", body)
    assert orjson.loads(event.payload) == {"unparsable": True}
    assert event.occurred_at == NOW


def test_text_plain_is_read_as_well(receiver: RunningReceiver) -> None:
    post = manychat_post(INSTAGRAM).with_headers(content_type="text/plain; charset=utf-8")
    assert receiver.send(post).status == 200


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "signature_missing"), ("", "signature_missing"), ("wrong", "signature_invalid")]
)
def test_missing_and_wrong_tokens(receiver: RunningReceiver, token: str | None, reason: str) -> None:
    answer = receiver.send(manychat_post(INSTAGRAM).with_headers(x_webhook_token=token))
    assert (answer.status, answer.outcome) == (401, reason)


def test_the_token_may_stand_in_the_address(receiver: RunningReceiver) -> None:
    post = manychat_post(INSTAGRAM).with_headers(x_webhook_token=None).changed(query=f"token={MANYCHAT_TOKEN}")
    assert receiver.send(post).status == 200


@pytest.mark.parametrize("token", ["new-token", "old-token"])
def test_every_live_token_passes(start: StartReceiver, token: str) -> None:
    environ = environment() | {"FRONTDESK_SALON_MANYCHAT_WEBHOOK_TOKEN": "new-token,old-token"}
    assert start(environ=environ).send(manychat_post(INSTAGRAM, token=token)).status == 200
