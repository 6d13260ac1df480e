"""Stripe: the vector, the SDK's opinion, every way to fail, rotation, the window."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import stripe

from frontdesk.core.log.event_log import EventLog
from tests.clocks import SetClock
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, RunningReceiver
from tests.webhooks.signing import STRIPE_SECRET, TENANT, environment, stripe_post

VECTOR_TIME = 1_750_000_000
VECTOR_BODY = (
    b'{"id":"evt_1TestVector0001","object":"event","api_version":"2026-10-28.endive","created":1750000000,"data":'
    b'{"object":{"id":"pi_123","object":"payment_intent","amount":2500,"currency":"usd","status":"succeeded"}},'
    b'"livemode":false,"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},'
    b'"type":"payment_intent.succeeded"}'
)
VECTOR_SIGNATURE = "801cad69d03b7e465d609ea3cbac35b7a17020f24cf7a398d1cb6008632f0eb9"
EVENT = {"id": "evt_1", "type": "invoice.paid", "created": 1_760_000_000, "data": {"object": {"id": "in_1"}}}


def test_the_vector(receiver: RunningReceiver, log: EventLog, clock: SetClock) -> None:
    clock.instant = datetime.fromtimestamp(VECTOR_TIME, UTC)
    post = stripe_post(VECTOR_BODY).with_headers(
        stripe_signature=f"t={VECTOR_TIME},v1={VECTOR_SIGNATURE}", user_agent="Stripe/1.0"
    )

    answer = receiver.send(post)

    event = only_event(log)
    assert answer.status == 200
    assert answer.json() == {"status": "accepted", "event_id": event.event_id, "sequence": event.sequence}
    assert (event.tenant_id, event.source, event.source_event_id) == (TENANT, "stripe", "evt_1TestVector0001")
    assert (event.type, event.subject_id) == ("stripe.payment_intent.succeeded", "pi_123")
    assert (event.occurred_at, event.received_at) == (clock.instant, clock.instant)
    assert event.body == event.payload == VECTOR_BODY
    assert dict(event.headers) == {
        "user-agent": "Stripe/1.0",
        "stripe-signature": f"t={VECTOR_TIME},v1={VECTOR_SIGNATURE}",
    }


def test_stripes_own_library_accepts_what_we_accept() -> None:
    post = stripe_post(VECTOR_BODY)
    event = stripe.Webhook.construct_event(
        VECTOR_BODY, post.headers["stripe-signature"], STRIPE_SECRET, tolerance=10**9
    )
    assert event["id"] == "evt_1TestVector0001"


def test_a_redelivery_signed_anew_is_a_duplicate(receiver: RunningReceiver, log: EventLog, clock: SetClock) -> None:
    first = receiver.send(stripe_post(EVENT))
    clock.advance(hours=5)
    again = receiver.send(stripe_post(EVENT, timestamp=int(clock.instant.timestamp())))

    assert (first.outcome, again.outcome, again.status) == ("accepted", "duplicate", 200)
    assert again.json()["event_id"] == first.json()["event_id"] == only_event(log).event_id


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_within_the_window(receiver: RunningReceiver, seconds: int) -> None:
    assert receiver.send(stripe_post(EVENT, timestamp=int(NOW.timestamp()) + seconds)).status == 200


@pytest.mark.parametrize("seconds", [-301, 301, -86_400, 10**9])
def test_outside_the_window(receiver: RunningReceiver, seconds: int) -> None:
    answer = receiver.send(stripe_post(EVENT, timestamp=int(NOW.timestamp()) + seconds))
    assert (answer.status, answer.outcome) == (401, "outside_time_window")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "signature_missing"),
        ("", "signature_missing"),
        ("nonsense", "signature_invalid"),
        ("t=,v1=", "signature_invalid"),
        (f"t={VECTOR_TIME}", "signature_invalid"),
        (f"v1={VECTOR_SIGNATURE}", "signature_invalid"),
        (f"t={VECTOR_TIME},v0={VECTOR_SIGNATURE}", "signature_invalid"),
        (f"t={VECTOR_TIME},v1={VECTOR_SIGNATURE.upper()}", "signature_invalid"),
        (f"t={VECTOR_TIME},v1={VECTOR_SIGNATURE[:-1]}", "signature_invalid"),
        (f"t={VECTOR_TIME}0000000000000,v1={VECTOR_SIGNATURE}", "signature_invalid"),
        (f"t=-{VECTOR_TIME},v1={VECTOR_SIGNATURE}", "signature_invalid"),
        (f"t={VECTOR_TIME},v1=\xe9\xff", "signature_invalid"),
    ],
)
def test_wrong_signature_headers(
    receiver: RunningReceiver, clock: SetClock, log: EventLog, header: str | None, reason: str
) -> None:
    clock.instant = datetime.fromtimestamp(VECTOR_TIME, UTC)
    answer = receiver.send(stripe_post(VECTOR_BODY).with_headers(stripe_signature=header))
    assert (answer.status, answer.outcome) == (401, reason)
    assert log.last_sequence() == 0


def test_a_changed_body_is_refused(receiver: RunningReceiver) -> None:
    post = stripe_post(VECTOR_BODY)
    answer = receiver.send(post.changed(body=VECTOR_BODY.replace(b"2500", b"9500")))
    assert (answer.status, answer.outcome) == (401, "signature_invalid")


def test_any_of_several_v1_signatures_passes(receiver: RunningReceiver) -> None:
    post = stripe_post(EVENT)
    timestamp, _, signature = post.headers["stripe-signature"].partition(",")
    rolled = post.with_headers(stripe_signature=f"{timestamp},v1={'0' * 64},{signature},v0={'1' * 64}")
    assert receiver.send(rolled).status == 200


def test_every_live_secret_passes_and_no_other(start: StartReceiver) -> None:
    environ = environment() | {"FRONTDESK_SALON_STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old"}
    receiver = start(environ=environ)
    statuses = [receiver.send(stripe_post(EVENT, secret=secret)).status for secret in ("whsec_new", "whsec_old")]
    assert statuses == [200, 200]
    assert receiver.send(stripe_post(EVENT)).outcome == "signature_invalid"


def test_types_nobody_knows_are_kept(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(stripe_post(EVENT | {"type": "quantum.entangled"}))
    assert only_event(log).type == "stripe.quantum.entangled"


def test_a_thin_event_names_its_object(receiver: RunningReceiver, log: EventLog) -> None:
    thin = {
        "id": "evt_thin",
        "object": "v2.core.event",
        "type": "v1.billing.meter.no_meter_found",
        "created": "2026-10-31T09:00:00.000Z",
        "related_object": {"id": "mtr_1"},
    }
    receiver.send(stripe_post(thin))
    event = only_event(log)
    assert (event.subject_id, event.occurred_at) == ("mtr_1", datetime(2026, 10, 31, 9, tzinfo=UTC))


@pytest.mark.parametrize("created", [None, True, "soon", -1, 10**15, 1e300, [], {}])
def test_without_a_readable_time_it_happened_when_it_came(
    receiver: RunningReceiver, log: EventLog, created: object
) -> None:
    receiver.send(stripe_post(EVENT | {"created": created}))
    assert only_event(log).occurred_at == NOW


def test_events_of_another_connected_account_are_refused(start: StartReceiver) -> None:
    receiver = start(source_settings={"stripe": {"connected_account": "acct_1"}})
    assert receiver.send(stripe_post(EVENT | {"account": "acct_2"})).outcome == "wrong_account"
    assert receiver.send(stripe_post(EVENT | {"account": "acct_1"})).outcome == "accepted"


def test_a_connected_account_takes_no_event_of_its_platform(start: StartReceiver) -> None:
    receiver = start(source_settings={"stripe": {"connected_account": "acct_1"}})
    assert receiver.send(stripe_post(EVENT)).outcome == "wrong_account"


def test_a_business_of_its_own_takes_no_event_of_a_connected_account(receiver: RunningReceiver) -> None:
    assert receiver.send(stripe_post(EVENT | {"account": "acct_1"})).outcome == "wrong_account"
    assert receiver.send(stripe_post(EVENT)).outcome == "accepted"


@pytest.mark.parametrize("account", [{}, {"account": "acct_1"}, {"account": "acct_2"}])
def test_an_account_that_is_not_known_yet_takes_all(start: StartReceiver, account: dict[str, str]) -> None:
    receiver = start(source_settings={"stripe": {"connected_account": "any"}})
    assert receiver.send(stripe_post(EVENT | account)).outcome == "accepted"


@pytest.mark.parametrize(
    ("settings", "livemode", "type_"),
    [
        ({}, False, "stripe."),
        ({"livemode": "true"}, True, "stripe."),
        ({"livemode": "true"}, False, "stripe.other_mode."),
        ({"livemode": "False"}, True, "stripe.other_mode."),
        ({"connected_account": "acct_1"}, False, "stripe.other_mode."),
        ({"connected_account": "acct_1", "livemode": "false"}, False, "stripe."),
    ],
)
def test_events_of_the_other_mode_are_kept_apart(
    start: StartReceiver, log: EventLog, settings: dict[str, str], livemode: bool, type_: str
) -> None:
    account = {"account": "acct_1"} if "connected_account" in settings else {}
    event = EVENT | account | {"livemode": livemode}
    assert start(source_settings={"stripe": settings}).send(stripe_post(event)).outcome == "accepted"
    assert only_event(log).type == f"{type_}{EVENT['type']}"


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"x"', b"{", b"", b'{"id":"evt_1"}', b'{"type":{}}'])
def test_signed_bodies_that_are_no_event(receiver: RunningReceiver, body: bytes) -> None:
    answer = receiver.send(stripe_post(body))
    assert (answer.status, answer.outcome) == (400, "malformed")
