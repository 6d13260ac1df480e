"""Every body is verified by the provider's own library or published scheme, not by the code that signed it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest
import stripe
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from twilio.request_validator import RequestValidator

from sandbox.delivery import Attempt, Delivery, SignedRequest
from sandbox.providers import SIGNERS, sign
from sandbox.secrets import TenantSecrets

PUBLIC_URL = "https://front.example.com"
Verifier = Callable[[SignedRequest, TenantSecrets], bool]


def _header(request: SignedRequest, name: str) -> str:
    return dict(request.headers)[name]


def _verifies_stripe(request: SignedRequest, secrets: TenantSecrets) -> bool:
    try:
        stripe.Webhook.construct_event(
            request.body, _header(request, "Stripe-Signature"), secrets["STRIPE_WEBHOOK_SECRET"]
        )
    except stripe.SignatureVerificationError:
        return False
    return True


def _verifies_twilio(request: SignedRequest, secrets: TenantSecrets) -> bool:
    fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    url, signature = f"{PUBLIC_URL}{request.path}", _header(request, "X-Twilio-Signature")
    return bool(RequestValidator(secrets["TWILIO_AUTH_TOKEN"]).validate(url, fields, signature))


def _verifies_wix_token(request: SignedRequest, secrets: TenantSecrets) -> bool:
    try:
        claims = jwt.decode(request.body, secrets["WIX_PUBLIC_KEY"], algorithms=["RS256"])
    except jwt.InvalidTokenError:
        return False
    message = json.loads(claims["data"])
    event = json.loads(message["data"])
    return message["eventType"] == f"wix.bookings.v2.booking_{event['slug']}" and bool(
        json.loads(message["identity"])
    )


def _verifies_gohighlevel(request: SignedRequest, secrets: TenantSecrets) -> bool:
    key = load_der_public_key(base64.b64decode(secrets["GOHIGHLEVEL_ED25519_PUBLIC_KEY"]))
    assert isinstance(key, Ed25519PublicKey)
    try:
        key.verify(base64.b64decode(_header(request, "x-ghl-signature")), request.body)
    except InvalidSignature:
        return False
    return True


def _verifies_hmac(header: str, secret: str) -> Verifier:
    def verify(request: SignedRequest, secrets: TenantSecrets) -> bool:
        expected = hmac.new(secrets[secret].encode(), request.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(_header(request, header), expected)

    return verify


def _carries_token(secret: str, header: str = "X-Webhook-Token") -> Verifier:
    return lambda request, secrets: _header(request, header) == secrets[secret]


def _has_token_in_address(request: SignedRequest, secrets: TenantSecrets) -> bool:
    return parse_qs(urlsplit(request.path).query)["token"] == [secrets["CLICKSEND_WEBHOOK_TOKEN"]]


VERIFIERS: Mapping[str, Verifier] = {
    "stripe": _verifies_stripe,
    "twilio": _verifies_twilio,
    "clicksend": _has_token_in_address,
    "wix_jwt": _verifies_wix_token,
    "wix_hmac": _verifies_hmac("X-Wix-Webhook-Signature", "WIX_WEBHOOK_SECRET"),
    "manychat": _carries_token("MANYCHAT_WEBHOOK_TOKEN"),
    "zoho_notification": lambda request, secrets: json.loads(request.body)["token"] == secrets["ZOHO_WEBHOOK_SECRET"],
    "zoho_books": _verifies_hmac("X-Zoho-Webhook-Signature", "ZOHO_WEBHOOK_SECRET"),
    "zoho_token": _carries_token("ZOHO_WEBHOOK_SECRET"),
    "gohighlevel": _verifies_gohighlevel,
    "proof": _verifies_hmac("X-Notarize-Signature", "PROOF_API_KEY"),
    "google_calendar": _carries_token("GOOGLE_CALENDAR_CHANNEL_TOKEN", "X-Goog-Channel-Token"),
    "import": lambda request, secrets: _header(request, "Authorization") == f"Bearer {secrets['OWNER_API_KEY']}",
}
SIGNS_THE_BODY = ("stripe", "twilio", "wix_jwt", "wix_hmac", "zoho_books", "gohighlevel", "proof")


def _attempt(secrets: TenantSecrets) -> Attempt:
    return Attempt(secrets, now=datetime.now(UTC), public_url=PUBLIC_URL)


def _of_scheme(year: list[Delivery], scheme: str) -> list[Delivery]:
    return [delivery for delivery in year if delivery.scheme == scheme]


def test_every_scheme_has_a_verifier() -> None:
    assert VERIFIERS.keys() == SIGNERS.keys()


@pytest.mark.parametrize("scheme", VERIFIERS)
def test_every_delivery_verifies(scheme: str, year: list[Delivery], secrets: dict[str, TenantSecrets]) -> None:
    deliveries = _of_scheme(year, scheme)
    assert deliveries, "the year has none of these"

    for delivery in deliveries:
        of_tenant = secrets[delivery.tenant]
        assert VERIFIERS[scheme](sign(delivery, _attempt(of_tenant)), of_tenant), delivery.key


@pytest.mark.parametrize("scheme", SIGNS_THE_BODY)
def test_a_changed_body_does_not_verify(scheme: str, year: list[Delivery], secrets: dict[str, TenantSecrets]) -> None:
    delivery = _of_scheme(year, scheme)[0]
    of_tenant = secrets[delivery.tenant]
    signed = sign(delivery, _attempt(of_tenant))
    tampered = SignedRequest(signed.path, signed.headers, signed.body[:-9] + b"x" + signed.body[-8:])

    assert not VERIFIERS[scheme](tampered, of_tenant)


@pytest.mark.parametrize("scheme", VERIFIERS)
def test_a_delivery_goes_to_its_tenants_address(
    scheme: str, year: list[Delivery], secrets: dict[str, TenantSecrets]
) -> None:
    delivery = _of_scheme(year, scheme)[0]
    path = urlsplit(sign(delivery, _attempt(secrets[delivery.tenant])).path).path

    expected = "/v1/events:import" if scheme == "import" else f"/webhooks/{delivery.tenant}/{delivery.source}"
    assert path == expected


def test_a_redelivery_has_the_same_body_and_another_signature(
    year: list[Delivery], secrets: dict[str, TenantSecrets]
) -> None:
    delivery = _of_scheme(year, "stripe")[0]
    of_tenant = secrets[delivery.tenant]
    first, second = (
        sign(delivery, Attempt(of_tenant, now=datetime.fromtimestamp(seconds, tz=UTC), public_url=PUBLIC_URL))
        for seconds in (1_790_000_000, 1_790_003_600)
    )

    assert first.body == second.body
    assert _header(first, "Stripe-Signature") != _header(second, "Stripe-Signature")


def _delivery(scheme: str, body: str, source: str) -> Delivery:
    return Delivery("acme", source, scheme, datetime(2026, 11, 1, tzinfo=UTC), "key", body.encode())


@pytest.mark.parametrize(
    ("scheme", "secret", "body", "header", "expected"),
    [
        pytest.param(
            "wix_hmac",
            {"WIX_WEBHOOK_SECRET": "wix_hmac_secret_0001"},
            '{"event":"booking_created","bookingId":"b-1"}',
            "X-Wix-Webhook-Signature",
            "752d59bf400b8bb3acc3ede81f9eb2a72cc6a98cf012aded2b6586e89cee4f58",
            id="wix",
        ),
        pytest.param(
            "proof",
            {"PROOF_API_KEY": "prf_test_vector_key_0001"},
            '{"event":"transaction.completed","data":{"transaction_id":"ot_wd3y67d",'
            '"date_occurred":"2026-11-01T12:00:00.000Z"}}',
            "X-Notarize-Signature",
            "a2125353d0df8e0e334d33794fb96aed8383e28ee673bfd383881af1662ba7e9",
            id="proof",
        ),
        pytest.param(
            "zoho_books",
            {"ZOHO_WEBHOOK_SECRET": "Zbk4Test2027secret"},
            '{"invoice":{"invoice_id":"982000000567114","invoice_number":"INV-00003","status":"paid",'
            '"total":120.00,"balance":0.00}}',
            "X-Zoho-Webhook-Signature",
            "522fb278cbefbd320307d465fb386ba95eb3bb7df2e9185d1eb9691b11765569",
            id="zoho books",
        ),
        pytest.param(
            "gohighlevel",
            {"GOHIGHLEVEL_PRIVATE_KEY": base64.b64encode(bytes(range(32))).decode()},
            '{"type":"ContactCreate","locationId":"ve9EPM428h8vShlRW1KT","id":"nmFmQEsNgz6AVpgLVUJ0",'
            '"firstName":"Zoë","email":"zoe@example.com","tags":[],"timestamp":"2026-11-01T12:00:00.000Z",'
            '"webhookId":"b2c1f0aa-0000-4000-8000-000000000001"}',
            "x-ghl-signature",
            "Eay1064Sw6ZacneRhRK5XutTr5f6D2/HwoxZyoLWv3XDrg2wM5MVS91uwqQ4kvyg4nxorKFLxmDCMXhTE32aDQ==",
            id="gohighlevel",
        ),
    ],
)
def test_signers_reproduce_published_vectors(
    scheme: str, secret: dict[str, str], body: str, header: str, expected: str
) -> None:
    signed = sign(_delivery(scheme, body, "any"), _attempt(TenantSecrets(secret)))

    assert _header(signed, header) == expected


def test_stripes_signer_reproduces_its_vector() -> None:
    body = (
        '{"id":"evt_1TestVector0001","object":"event","api_version":"2026-10-28.endive","created":1750000000,'
        '"data":{"object":{"id":"pi_123","object":"payment_intent","amount":2500,"currency":"usd",'
        '"status":"succeeded"}},"livemode":false,"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},'
        '"type":"payment_intent.succeeded"}'
    )
    secrets = TenantSecrets({"STRIPE_WEBHOOK_SECRET": "whsec_test_vector_secret_0001"})
    attempt = Attempt(secrets, now=datetime.fromtimestamp(1_750_000_000, tz=UTC), public_url=PUBLIC_URL)

    header = _header(sign(_delivery("stripe", body, "stripe"), attempt), "Stripe-Signature")

    assert header == "t=1750000000,v1=801cad69d03b7e465d609ea3cbac35b7a17020f24cf7a398d1cb6008632f0eb9"
