"""Proof: the vector, its own key and the API key, ids made of what it sends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, RunningReceiver
from tests.webhooks.signing import environment, proof_post

VECTOR = (
    b'{"event":"transaction.completed","data":{"transaction_id":"ot_wd3y67d","date_occurred":'
    b'"2026-11-01T12:00:00.000Z"}}'
)
SIGNATURE = "a2125353d0df8e0e334d33794fb96aed8383e28ee673bfd383881af1662ba7e9"


def completed(**data: Any) -> dict[str, Any]:
    return {"event": "transaction.completed", "data": {"transaction_id": "ot_1"} | data}


def test_the_vector(receiver: RunningReceiver, log: EventLog) -> None:
    post = proof_post(VECTOR).with_headers(x_notarize_signature=SIGNATURE)
    assert [receiver.send(post).outcome for _ in range(2)] == ["accepted", "duplicate"]
    event = only_event(log)
    assert (event.type, event.subject_id) == ("proof.transaction.completed", "ot_wd3y67d")
    assert event.source_event_id.startswith("transaction.completed:ot_wd3y67d:2026-11-01T12:00:00.000Z:")
    assert event.occurred_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert event.payload == event.body == VECTOR


def test_the_meeting_and_the_document_are_part_of_the_id(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(proof_post(completed(meeting_id="me_1", document_id="do_1", date_occurred="2026-11-01T12:00:00Z")))
    made_of = "transaction.completed:ot_1:me_1:do_1:2026-11-01T12:00:00Z:"
    assert only_event(log).source_event_id.startswith(made_of)


def test_two_signers_of_one_second_are_both_kept(receiver: RunningReceiver) -> None:
    bodies = [
        completed(date_occurred="2026-11-01T12:00:00Z", signer_id=signer) for signer in ("si_1", "si_2", "si_1")
    ]
    assert [receiver.send(proof_post(body)).outcome for body in bodies] == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize(
    ("body", "type_", "subject"),
    [
        ({"event": "transaction_status_update", "data": {"transaction_id": "ot_1", "status": "received"}},
         "proof.transaction_status_update", "ot_1"),
        ({"event": "notary", "data": {"id": "us_1", "status": "created"}}, "proof.notary", "us_1"),
        ({"event": "new.kind"}, "proof.new.kind", None),
        ({"event": "new.kind", "data": []}, "proof.new.kind", None),
    ],
)  # fmt: skip
def test_version_1_and_unknown_events_are_told_apart_by_their_body(
    receiver: RunningReceiver, log: EventLog, body: dict[str, Any], type_: str, subject: str | None
) -> None:
    assert [receiver.send(proof_post(body)).outcome for _ in range(2)] == ["accepted", "duplicate"]
    assert receiver.send(proof_post(body | {"more": 1})).outcome == "accepted"
    event = log.read_after(0, limit=1)[0]
    assert (event.type, event.subject_id, event.occurred_at) == (type_, subject, NOW)


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (None, "signature_missing"),
        ("", "signature_missing"),
        ("0" * 64, "signature_invalid"),
        (SIGNATURE.upper(), "signature_invalid"),
        (SIGNATURE[:-1], "signature_invalid"),
        ("\xff" * 64, "signature_invalid"),
    ],
)
def test_missing_and_wrong_signatures(receiver: RunningReceiver, signature: str | None, reason: str) -> None:
    answer = receiver.send(proof_post(VECTOR).with_headers(x_notarize_signature=signature))
    assert (answer.status, answer.outcome) == (401, reason)


def test_a_webhooks_own_signing_key_and_every_live_api_key_pass(start: StartReceiver) -> None:
    environ = environment() | {
        "FRONTDESK_SALON_PROOF_API_KEY": "prf_new,prf_old",
        "FRONTDESK_SALON_PROOF_SIGNING_KEY": "own-key",
    }
    receiver = start(environ=environ)
    statuses = [receiver.send(proof_post(VECTOR, key=key)).status for key in ("prf_new", "prf_old", "own-key", "x")]
    assert statuses == [200, 200, 200, 401]


@pytest.mark.parametrize("body", [b"[]", b"1", b"", b"{", b"{}", b'{"event":""}', b'{"event":[]}'])
def test_signed_bodies_that_name_no_event(receiver: RunningReceiver, body: bytes) -> None:
    assert receiver.send(proof_post(body)).outcome == "malformed"
