"""Wix: the vector, pinned algorithm, keys, expiry, installation, and the HMAC of a site's own posts."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, Post, RunningReceiver
from tests.webhooks.signing import (
    WIX_INSTANCE,
    environment,
    path_of,
    public_text,
    rsa_key,
    samples,
    wix_hmac_post,
    wix_post,
    wix_token,
)

VECTORS = Path(__file__).parents[1] / "webhooks" / "vectors"
EVENT = {
    "id": "e-1",
    "entityFqdn": "wix.bookings.v2.booking",
    "slug": "confirmed",
    "entityId": "b-1",
    "eventTime": "2026-11-01T12:00:05.123Z",
    "actionEvent": {"body": {"booking": {"id": "b-1", "revision": "2", "ratio": 1.10}}},
}
PEM = (VECTORS / "test_rsa_public.pem").read_text()


@pytest.mark.parametrize(
    "key", [PEM, PEM.replace("\n", "\\n"), b64encode(PEM.encode()).decode()], ids=["PEM", "one line", "base64"]
)
def test_the_vector(start: StartReceiver, log: EventLog, key: str) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_SALON_WIX_PUBLIC_KEY": key})
    token = (VECTORS / "wix_booking_confirmed.jwt").read_bytes()

    answer = receiver.send(Post(path_of("wix"), token, {"content-type": "text/plain"}))

    event = only_event(log)
    payload = orjson.loads(event.payload)
    assert answer.outcome == "accepted"
    assert event.type == "wix.bookings.v2.booking_confirmed"
    assert event.source_event_id == "0b6e8f6c-2c2c-4d0b-9a52-1f3a1c8a0001"
    assert event.subject_id == "9a1f7b52-1111-4222-8333-444455556666"
    assert set(payload) == {"eventType", "instanceId", "identity", "event"}
    assert payload["instanceId"] == WIX_INSTANCE
    assert payload["identity"]["identityType"] == "WIX_USER"
    assert payload["event"]["actionEvent"]["body"]["booking"]["status"] == "CONFIRMED"
    assert event.body == token


def test_the_vector_with_a_changed_tail_is_refused(start: StartReceiver) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_SALON_WIX_PUBLIC_KEY": PEM})
    token = (VECTORS / "wix_booking_confirmed.jwt").read_text().strip()
    answer = receiver.send(Post(path_of("wix"), f"{token[:-6]}AAAAAA".encode(), {"content-type": "text/plain"}))
    assert (answer.status, answer.outcome) == (401, "signature_invalid")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/jwt", "application/octet-stream", "application/json", None]
)
def test_an_app_webhook(receiver: RunningReceiver, log: EventLog, content_type: str | None) -> None:
    answer = receiver.send(wix_post(EVENT).with_headers(content_type=content_type))

    event = only_event(log)
    assert answer.outcome == "accepted"
    assert event.occurred_at == datetime(2026, 11, 1, 12, 0, 5, 123000, tzinfo=UTC)
    assert orjson.loads(event.payload)["event"] == EVENT
    # The numbers are as Wix wrote them, not as we would.
    assert json.dumps(EVENT).encode() in event.payload


def test_a_redelivery_is_signed_anew_and_still_a_duplicate(receiver: RunningReceiver) -> None:
    without_id = {name: value for name, value in EVENT.items() if name != "id"}
    for event in (EVENT, without_id):
        first = receiver.send(wix_post(event))
        again = receiver.send(wix_post(event, iat=int(NOW.timestamp()) - 5))
        assert (first.outcome, again.outcome) == ("accepted", "duplicate")


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"exp": int(NOW.timestamp()) + 1}, 200),
        ({"exp": int(NOW.timestamp()) - 59}, 200),
        ({"exp": int(NOW.timestamp()) - 61}, 401),
        ({"exp": "never"}, 401),
        ({"exp": None}, 401),
        ({"nbf": int(NOW.timestamp()) + 59}, 200),
        ({"nbf": int(NOW.timestamp()) + 61}, 401),
    ],
)
def test_the_tokens_lifetime(receiver: RunningReceiver, claims: dict[str, object], status: int) -> None:
    answer = receiver.send(wix_post(EVENT, **claims))
    assert answer.status == status
    assert answer.outcome == ("accepted" if status == 200 else "outside_time_window")


def test_an_event_of_another_site_is_refused(start: StartReceiver) -> None:
    receiver = start(source_settings={"wix": {"instance_id": "another"}})
    assert receiver.send(wix_post(EVENT)).outcome == "wrong_account"


def test_only_rs256_passes(receiver: RunningReceiver) -> None:
    payload = jwt.decode(wix_token(EVENT), options={"verify_signature": False})
    public_pem = public_text(rsa_key())
    tokens = [
        jwt.encode(payload, "", algorithm="none"),
        jwt.encode(payload, public_pem, algorithm="HS256"),
        jwt.encode(payload, rsa_key(), algorithm="RS512"),
        jwt.encode(payload, rsa_key(), algorithm="PS256"),
    ]
    outcomes = {receiver.send(wix_post(EVENT).changed(body=token.encode())).outcome for token in tokens}
    assert outcomes == {"signature_invalid"}


def test_every_live_key_passes_and_no_other(start: StartReceiver) -> None:
    old, stranger = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    keys = f"{public_text(rsa_key())},{public_text(old)}"
    receiver = start(environ=environment() | {"FRONTDESK_SALON_WIX_PUBLIC_KEY": keys})
    assert [receiver.send(wix_post(EVENT, key=key)).status for key in (rsa_key(), old, stranger)] == [200, 200, 401]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "signature_missing"),
        (b"{}", "signature_missing"),
        (b"a.b.c", "signature_invalid"),
        (b"..", "signature_invalid"),
        (b"\xff.\xff.\xff", "signature_invalid"),
        (b"e30.e30.", "signature_invalid"),
    ],
)
def test_bodies_that_are_no_token(receiver: RunningReceiver, body: bytes, reason: str) -> None:
    answer = receiver.send(wix_post(EVENT).changed(body=body))
    assert (answer.status, answer.outcome) == (401, reason)


@pytest.mark.parametrize(
    "data", ["", "nonsense", "[]", "1", '{"data":"x"}', "\ud800", f'{{"instanceId":"{WIX_INSTANCE}"}}']
)
def test_signed_tokens_that_hold_no_event(start: StartReceiver, data: str) -> None:
    receiver = start(source_settings={"wix": {}})
    answer = receiver.send(wix_post(EVENT, data=data))
    assert (answer.status, answer.outcome) == (400, "malformed")


def test_layers_that_are_objects_already_are_read(receiver: RunningReceiver, log: EventLog) -> None:
    message = {"data": EVENT, "instanceId": WIX_INSTANCE, "eventType": "BookingCreated"}
    receiver.send(wix_post(EVENT, data=message))
    event = only_event(log)
    assert (event.type, event.source_event_id) == ("wix.BookingCreated", "e-1")
    assert orjson.loads(event.payload)["identity"] is None


def test_the_hmac_vector(receiver: RunningReceiver, log: EventLog) -> None:
    post = wix_hmac_post(b'{"event":"booking_created","bookingId":"b-1"}')
    expected = "752d59bf400b8bb3acc3ede81f9eb2a72cc6a98cf012aded2b6586e89cee4f58"
    assert post.headers["x-wix-webhook-signature"] == expected

    assert [receiver.send(post).outcome for _ in range(2)] == ["accepted", "duplicate"]
    event = only_event(log)
    assert (event.type, event.subject_id) == ("wix.booking_created", "b-1")
    assert event.payload == event.body == post.body


def test_posts_of_the_same_booking_are_told_apart(receiver: RunningReceiver) -> None:
    created = {"event": "booking_created", "id": "b-1", "eventId": "e-1"}
    moved = {"event": "booking_rescheduled", "id": "b-1", "start": "10:00"}
    posts = [created, created | {"seen": "twice"}, moved, moved | {"start": "11:00"}]
    outcomes = [receiver.send(wix_hmac_post(post)).outcome for post in posts]
    assert outcomes == ["accepted", "duplicate", "accepted", "accepted"]


def _stamped(text: str) -> Post:
    return wix_hmac_post({"event": "x"}).with_headers(x_wix_webhook_timestamp=text)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_timestamps_within_the_window(receiver: RunningReceiver, seconds: int) -> None:
    instant = NOW.timestamp() + seconds
    texts = [f"{instant:.0f}", f"{instant * 1000:.0f}", datetime.fromtimestamp(instant, UTC).isoformat()]
    assert [receiver.send(_stamped(text)).status for text in texts] == [200, 200, 200]


@pytest.mark.parametrize("text", [f"{NOW.timestamp() - 301:.0f}", f"{NOW.timestamp() + 301:.0f}", "", "now", "-1"])
def test_timestamps_outside_the_window(receiver: RunningReceiver, text: str) -> None:
    answer = receiver.send(_stamped(text))
    assert (answer.status, answer.outcome) == (401, "outside_time_window")


@pytest.mark.parametrize("signature", ["", "0" * 64, "752D59BF", "\xff"])
def test_wrong_hmac_signatures(receiver: RunningReceiver, signature: str) -> None:
    answer = receiver.send(wix_hmac_post({"event": "x"}).with_headers(x_wix_webhook_signature=signature))
    assert (answer.status, answer.outcome) == (401, "signature_invalid" if signature else "signature_missing")


def test_a_scheme_without_its_secret_lets_nothing_in(start: StartReceiver) -> None:
    environ = environment()
    only_key = start(environ={n: v for n, v in environ.items() if not n.endswith("WIX_WEBHOOK_SECRET")})
    assert only_key.send(wix_hmac_post({"event": "x"})).outcome == "signature_invalid"
    only_secret = start(environ={n: v for n, v in environ.items() if not n.endswith("WIX_PUBLIC_KEY")})
    assert only_secret.send(wix_post(EVENT)).outcome == "signature_invalid"


@pytest.mark.parametrize("key", ["nonsense", "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----"])
def test_a_key_that_cannot_be_read_sets_that_source_aside_and_is_told(
    start: StartReceiver, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_SALON_WIX_PUBLIC_KEY": key})
    (record,) = [record for record in caplog.records if record.message == "source set aside"]
    assert "FRONTDESK_SALON_WIX_PUBLIC_KEY" in record.frontdesk_fields["reason"]  # type: ignore[attr-defined]
    answer = receiver.send(wix_post(EVENT))
    assert (answer.status, answer.outcome) == (503, "set_aside")
    others = [sample for sample in samples() if sample.source != "wix"]
    assert {receiver.send(sample.post).status for sample in others} == {200}
