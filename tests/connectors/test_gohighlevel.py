"""GoHighLevel: both vectors, no downgrade, the location, workflows by token, the answer it retries on."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, Post, RunningReceiver
from tests.webhooks.signing import (
    GOHIGHLEVEL_TOKEN,
    JSON,
    LOCATION,
    as_bytes,
    ed25519_key,
    environment,
    gohighlevel_post,
    gohighlevel_rsa_post,
    path_of,
    public_text,
    rsa_key,
    samples,
)

VECTORS = Path(__file__).parents[1] / "webhooks" / "vectors"
BODY = (VECTORS / "ghl_body.json").read_bytes()
ED25519 = "Eay1064Sw6ZacneRhRK5XutTr5f6D2/HwoxZyoLWv3XDrg2wM5MVS91uwqQ4kvyg4nxorKFLxmDCMXhTE32aDQ=="
ED25519_PUBLIC = "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
RSA = (VECTORS / "ghl_x-wh-signature.txt").read_text().strip()
EVENT: dict[str, Any] = {"type": "ContactUpdate", "locationId": LOCATION, "id": "c-1", "webhookId": "wh-1"}
WORKFLOW = {"contact_id": "c-1", "email": "a@b.c", "location": {"id": LOCATION}, "workflow": {"id": "w", "name": "n"}}
_PREFIX = "FRONTDESK_SALON_GOHIGHLEVEL_"


def vector_environment() -> dict[str, str]:
    return environment() | {
        f"{_PREFIX}ED25519_PUBLIC_KEY": ED25519_PUBLIC,
        f"{_PREFIX}RSA_PUBLIC_KEY": (VECTORS / "test_rsa_public.pem").read_text(),
    }


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in environment().items() if name not in {_PREFIX + n for n in names}}


@pytest.mark.parametrize("headers", [{"x-ghl-signature": ED25519}, {"x-wh-signature": RSA}], ids=["Ed25519", "RSA"])
def test_the_vectors(start: StartReceiver, log: EventLog, headers: dict[str, str]) -> None:
    receiver = start(environ=vector_environment())
    post = Post(path_of("gohighlevel"), BODY, {**JSON, **headers})

    assert [receiver.send(post).outcome for _ in range(2)] == ["accepted", "duplicate"]

    event = only_event(log)
    assert (event.type, event.subject_id) == ("gohighlevel.ContactCreate", "nmFmQEsNgz6AVpgLVUJ0")
    assert event.source_event_id == "b2c1f0aa-0000-4000-8000-000000000001"
    assert event.occurred_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert event.payload == event.body == BODY


def test_a_body_written_again_is_not_the_one_that_was_signed(start: StartReceiver) -> None:
    receiver = start(environ=vector_environment())
    rewritten = BODY.replace("ë".encode(), b"\\u00eb")
    post = Post(path_of("gohighlevel"), rewritten, {**JSON, "x-ghl-signature": ED25519})
    assert receiver.send(post).outcome == "signature_invalid"


def test_a_wrong_ed25519_signature_is_not_rescued_by_a_right_rsa_one(start: StartReceiver) -> None:
    receiver = start(environ=vector_environment())
    both = Post(path_of("gohighlevel"), BODY, {**JSON, "x-ghl-signature": "A" * 86 + "==", "x-wh-signature": RSA})
    assert receiver.send(both).outcome == "signature_invalid"
    without_ed25519_key = start(environ=without("ED25519_PUBLIC_KEY"))
    signed_twice = gohighlevel_rsa_post(EVENT).with_headers(x_ghl_signature=ED25519)
    assert without_ed25519_key.send(signed_twice).outcome == "signature_invalid"


def test_a_wrong_signature_is_not_rescued_by_a_right_token(receiver: RunningReceiver) -> None:
    for header in ("x_ghl_signature", "x_wh_signature"):
        post = Post(path_of("gohighlevel"), as_bytes(EVENT), JSON)
        wrong = post.with_headers(**{header: "AAAA"}, x_webhook_token=GOHIGHLEVEL_TOKEN)
        assert receiver.send(wrong).outcome == "signature_invalid"


def test_not_applicable_means_missing(receiver: RunningReceiver) -> None:
    assert receiver.send(gohighlevel_rsa_post(EVENT).with_headers(x_ghl_signature="N/A")).status == 200
    nothing = gohighlevel_post(EVENT).with_headers(x_ghl_signature="N/A", x_wh_signature="N/A")
    assert receiver.send(nothing).outcome == "signature_missing"


def test_rsa_counts_only_where_its_key_is_configured(start: StartReceiver) -> None:
    receiver = start(environ=without("RSA_PUBLIC_KEY", "WEBHOOK_TOKEN"))
    assert receiver.send(gohighlevel_rsa_post(EVENT)).outcome == "signature_missing"
    assert receiver.send(gohighlevel_post(EVENT)).status == 200


def test_every_live_key_passes_and_no_other(start: StartReceiver) -> None:
    old, stranger = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
    old_rsa, strange_rsa = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    environ = environment() | {
        f"{_PREFIX}ED25519_PUBLIC_KEY": f"{ED25519_PUBLIC},{public_text(old)}",
        f"{_PREFIX}RSA_PUBLIC_KEY": f"{public_text(rsa_key())},{public_text(old_rsa)}",
    }
    receiver = start(environ=environ)
    signed = [receiver.send(gohighlevel_post(EVENT, key=key)).status for key in (ed25519_key(), old, stranger)]
    older = [receiver.send(gohighlevel_rsa_post(EVENT, key=key)).status for key in (rsa_key(), old_rsa, strange_rsa)]
    assert signed == older == [200, 200, 401]


@pytest.mark.parametrize("signature", ["AAAA", "not base64!", "\xff", b64encode(bytes(64)).decode()])
@pytest.mark.parametrize("header", ["x_ghl_signature", "x_wh_signature"])
def test_unreadable_signatures(receiver: RunningReceiver, header: str, signature: str) -> None:
    post = Post(path_of("gohighlevel"), as_bytes(EVENT), JSON).with_headers(**{header: signature})
    assert (receiver.send(post).status, receiver.send(post).outcome) == (401, "signature_invalid")


@pytest.mark.parametrize("location", ["another", None, 5])
def test_another_locations_events_are_refused(receiver: RunningReceiver, location: object) -> None:
    assert receiver.send(gohighlevel_post(EVENT | {"locationId": location})).outcome == "wrong_account"


def test_a_workflow_proves_itself_by_its_token(receiver: RunningReceiver, log: EventLog) -> None:
    post = Post(path_of("gohighlevel"), as_bytes(WORKFLOW), JSON)
    assert receiver.send(post.with_headers(x_webhook_token=GOHIGHLEVEL_TOKEN)).outcome == "accepted"
    assert receiver.send(post.changed(query=f"token={GOHIGHLEVEL_TOKEN}")).outcome == "duplicate"
    event = only_event(log)
    assert (event.type, event.subject_id, event.occurred_at) == ("gohighlevel.workflow", "c-1", NOW)
    assert receiver.send(post.with_headers(x_webhook_token="wrong")).outcome == "signature_invalid"
    assert receiver.send(post).outcome == "signature_missing"


def test_without_a_token_workflows_are_refused(start: StartReceiver) -> None:
    receiver = start(environ=without("WEBHOOK_TOKEN"))
    post = Post(path_of("gohighlevel"), as_bytes(WORKFLOW), JSON).with_headers(x_webhook_token=GOHIGHLEVEL_TOKEN)
    assert receiver.send(post).outcome == "signature_missing"


@pytest.mark.parametrize(
    ("settings", "days", "status"),
    [
        ({}, 799, 200),
        ({}, 801, 401),
        ({"replay_window_days": "0.5"}, 0.4, 200),
        ({"replay_window_days": "0.5"}, 1, 401),
    ],
)
def test_the_replay_window(start: StartReceiver, settings: dict[str, str], days: float, status: int) -> None:
    receiver = start(source_settings={"gohighlevel": {"location_id": LOCATION} | settings})
    timestamp = (NOW - timedelta(days=days)).isoformat()
    answer = receiver.send(gohighlevel_post(EVENT | {"timestamp": timestamp}))
    assert (answer.status, answer.outcome) == (status, "accepted" if status == 200 else "outside_time_window")


def test_a_window_that_is_no_number_sets_that_source_aside_and_is_told(
    start: StartReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = start(source_settings={"gohighlevel": {"replay_window_days": "a week"}})
    (record,) = [record for record in caplog.records if record.message == "source set aside"]
    assert "replay_window_days" in record.frontdesk_fields["reason"]  # type: ignore[attr-defined]
    answer = receiver.send(gohighlevel_post(EVENT))
    # The only answer on which it sends again.
    assert (answer.status, answer.outcome) == (429, "set_aside")
    assert answer.headers["retry-after"]
    others = [sample for sample in samples() if sample.source != "gohighlevel"]
    assert {receiver.send(sample.post).status for sample in others} == {200}


def test_without_a_webhook_id_the_body_tells_deliveries_apart(receiver: RunningReceiver) -> None:
    message = {"type": "InboundMessage", "locationId": LOCATION, "messageId": "m-1"}
    bodies = [message, message | {"body": "hi"}, message]
    outcomes = [receiver.send(gohighlevel_post(body)).outcome for body in bodies]
    assert outcomes == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ({"type": "AppointmentCreate", "appointment": {"id": "a-1", "contactId": "c-1"}}, "a-1"),
        ({"type": "InboundMessage", "contactId": "c-1"}, "c-1"),
        ({"type": "SomethingNew"}, None),
        ({}, None),
    ],
)
def test_what_it_is_about(
    receiver: RunningReceiver, log: EventLog, body: dict[str, Any], subject: str | None
) -> None:
    receiver.send(gohighlevel_post({"locationId": LOCATION} | body))
    event = only_event(log)
    assert (event.subject_id, event.type) == (subject, f"gohighlevel.{body.get('type', 'unnamed')}")
