"""Signs deliveries as the providers do: with their own libraries where they have one, never with our code."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
import stripe
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twilio.request_validator import RequestValidator

from tests.webhooks.harness import NOW, Post

TENANT = "salon"
PUBLIC_URL = "https://hooks.example.com"

STRIPE_SECRET = "whsec_test_vector_secret_0001"
TWILIO_TOKEN = "test_auth_token_0001"
CLICKSEND_TOKEN = "clicksend-token-0001"
WIX_HMAC_SECRET = "wix_hmac_secret_0001"
MANYCHAT_TOKEN = "manychat-token-0001"
ZOHO_SECRET = "Zbk4Test2027secret"
GOHIGHLEVEL_TOKEN = "gohighlevel-token-0001"
PROOF_KEY = "prf_test_vector_key_0001"
GOOGLE_TOKEN = "398348u3tu83ut8uu38"
OWNER_KEY = "owner-key-of-the-salon-0001"
WIX_INSTANCE = "11112222-3333-4444-8555-666677778888"
LOCATION = "ve9EPM428h8vShlRW1KT"

JSON = MappingProxyType({"content-type": "application/json"})
FORM = MappingProxyType({"content-type": "application/x-www-form-urlencoded"})


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """A key of this test run: it signs as Wix and as GoHighLevel's older scheme."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def ed25519_key() -> ed25519.Ed25519PrivateKey:
    """The key of the providers' test vector: the seed is the bytes 0 to 31."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def public_text(key: Any) -> str:
    """A public key as base64 on one line, as it stands in the environment."""
    return b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def environment() -> dict[str, str]:
    """One secret for every source of the tenant, and the owner's key."""
    secrets = {
        "STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "CLICKSEND_WEBHOOK_TOKEN": CLICKSEND_TOKEN,
        "WIX_PUBLIC_KEY": public_text(rsa_key()),
        "WIX_WEBHOOK_SECRET": WIX_HMAC_SECRET,
        "MANYCHAT_WEBHOOK_TOKEN": MANYCHAT_TOKEN,
        "ZOHO_WEBHOOK_SECRET": ZOHO_SECRET,
        "GOHIGHLEVEL_ED25519_PUBLIC_KEY": public_text(ed25519_key()),
        "GOHIGHLEVEL_RSA_PUBLIC_KEY": public_text(rsa_key()),
        "GOHIGHLEVEL_WEBHOOK_TOKEN": GOHIGHLEVEL_TOKEN,
        "PROOF_API_KEY": PROOF_KEY,
        "GOOGLE_CALENDAR_CHANNEL_TOKEN": GOOGLE_TOKEN,
        "OWNER_API_KEY": OWNER_KEY,
    }
    return {f"FRONTDESK_{TENANT.upper()}_{name}": value for name, value in secrets.items()}


def path_of(source: str) -> str:
    return f"/webhooks/{TENANT}/{source}"


def as_bytes(value: Any) -> bytes:
    """JSON as providers write it, from a value; bytes stay what they are."""
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()


def hmac_hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, sha256).hexdigest()


def stripe_post(body: Any, *, secret: str = STRIPE_SECRET, timestamp: int | None = None) -> Post:
    """Signed by stripe-python; what is not UTF-8, which it can't sign, by hand."""
    content = as_bytes(body)
    timestamp = int(NOW.timestamp()) if timestamp is None else timestamp
    try:
        signature = stripe.WebhookSignature.generate_signature_header(content.decode(), secret, timestamp)
    except UnicodeDecodeError:
        signature = f"t={timestamp},v1={hmac_hex(secret, b'%d.' % timestamp + content)}"
    return Post(path_of("stripe"), content, {**JSON, "stripe-signature": signature})


def twilio_post(
    form: Mapping[str, str] | bytes, *, token: str = TWILIO_TOKEN, query: str = "", path: str = ""
) -> Post:
    """A form post signed by twilio-python, for another path than ours where one is given."""
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    fields: dict[str, str] = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    url = f"{PUBLIC_URL}{path or path_of('twilio')}{'?' + query if query else ''}"
    signature = RequestValidator(token).compute_signature(url, fields)
    return Post(path_of("twilio"), body, {**FORM, "x-twilio-signature": signature}, query)


def twilio_json_post(body: Any, *, token: str = TWILIO_TOKEN) -> Post:
    content = as_bytes(body)
    query = f"bodySHA256={sha256(content).hexdigest()}"
    signature = RequestValidator(token).compute_signature(f"{PUBLIC_URL}{path_of('twilio')}?{query}", {})
    return Post(path_of("twilio"), content, {**JSON, "x-twilio-signature": signature}, query)


def clicksend_post(body: Any, *, token: str = CLICKSEND_TOKEN) -> Post:
    return Post(path_of("clicksend"), as_bytes(body), {**JSON, "x-webhook-token": token})


def wix_token(
    event: Any, *, name: str = "wix.bookings.v2.booking_confirmed", key: Any = None, **claims: Any
) -> bytes:
    """A Wix app webhook: three layers of JSON in a JWT signed by PyJWT."""
    inner = event if isinstance(event, str) else json.dumps(event)
    identity = json.dumps({"identityType": "WIX_USER", "wixUserId": "u-1"})
    message = {"data": inner, "instanceId": WIX_INSTANCE, "eventType": name, "identity": identity}
    issued = int(NOW.timestamp())
    payload = {"data": json.dumps(message), "iat": issued, "exp": issued + 600} | claims
    return jwt.encode(payload, key or rsa_key(), algorithm="RS256").encode()


def wix_post(event: Any, **options: Any) -> Post:
    return Post(path_of("wix"), wix_token(event, **options), {"content-type": "text/plain"})


def wix_hmac_post(body: Any, *, secret: str = WIX_HMAC_SECRET) -> Post:
    content = as_bytes(body)
    return Post(path_of("wix"), content, {**JSON, "x-wix-webhook-signature": hmac_hex(secret, content)})


def manychat_post(body: Any, *, token: str = MANYCHAT_TOKEN) -> Post:
    return Post(path_of("manychat"), as_bytes(body), {**JSON, "x-webhook-token": token})


def zoho_post(body: Any, *, secret: str = ZOHO_SECRET) -> Post:
    """Signed as Books does."""
    content = as_bytes(body)
    return Post(path_of("zoho"), content, {**JSON, "x-zoho-webhook-signature": hmac_hex(secret, content)})


def gohighlevel_post(body: Any, *, key: ed25519.Ed25519PrivateKey | None = None) -> Post:
    content = as_bytes(body)
    signature = b64encode((key or ed25519_key()).sign(content)).decode()
    return Post(path_of("gohighlevel"), content, {**JSON, "x-ghl-signature": signature})


def gohighlevel_rsa_post(body: Any, *, key: rsa.RSAPrivateKey | None = None) -> Post:
    content = as_bytes(body)
    signature = b64encode((key or rsa_key()).sign(content, padding.PKCS1v15(), SHA256())).decode()
    return Post(path_of("gohighlevel"), content, {**JSON, "x-wh-signature": signature})


def proof_post(body: Any, *, key: str = PROOF_KEY) -> Post:
    content = as_bytes(body)
    return Post(path_of("proof"), content, {**JSON, "x-notarize-signature": hmac_hex(key, content)})


def google_post(*, number: str = "10", state: str = "exists", token: str = GOOGLE_TOKEN) -> Post:
    headers = {
        "content-type": "application/json; utf-8",
        "x-goog-channel-id": "4ba78bf0-6a47-11e2-bcfd-0800200c9a66",
        "x-goog-channel-token": token,
        "x-goog-channel-expiration": "Tue, 19 Nov 2026 01:13:52 GMT",
        "x-goog-resource-id": "ret08u3rv24htgh289g",
        "x-goog-resource-uri": "https://www.googleapis.com/calendar/v3/calendars/my_calendar@gmail.com/events?alt=json",
        "x-goog-resource-state": state,
        "x-goog-message-number": number,
    }
    return Post(path_of("google-calendar"), b"", headers)


@dataclass(frozen=True, slots=True)
class Sample:
    """One genuine delivery of a source, and how to change it so that its proof is missing or wrong."""

    source: str
    post: Post
    proof: str  #: the header that proves it; "" where the body does

    def without_proof(self) -> Post:
        if not self.proof:
            return self.post.changed(body=b"e30.e30.")
        return self.post.with_headers(**{self.proof.replace("-", "_"): None})

    def with_wrong_proof(self) -> Post:
        if not self.proof:
            return self.post.changed(body=self.post.body[:-8] + b"AAAAAAAA")
        value = dict(self.post.headers)[self.proof]
        wrong = value[:-4] + ("0000" if value[-4:] != "0000" else "1111")
        return self.post.with_headers(**{self.proof.replace("-", "_"): wrong})


def samples() -> list[Sample]:
    """One ordinary delivery of every source."""
    event = {"id": "w-1", "entityId": "b-1", "eventTime": "2026-11-01T12:00:05.123Z"}
    contact = {"type": "ContactCreate", "locationId": LOCATION, "id": "c-1", "webhookId": "wh-1"}
    lead = {"id": "7", "event": "lead_captured", "last_interaction": "2026-11-01T12:00:00+00:00"}
    completed = {"transaction_id": "ot_1", "date_occurred": "2026-11-01T12:00:00.000Z"}
    status = {"MessageSid": "SM1", "MessageStatus": "delivered", "AccountSid": "AC1"}
    text = {"message_id": "M-1", "from": "+61411111111", "body": "hi", "timestamp": 1775012927}
    return [
        Sample("stripe", stripe_post({"id": "evt_1", "type": "invoice.paid", "created": 1}), "stripe-signature"),
        Sample("twilio", twilio_post(status), "x-twilio-signature"),
        Sample("clicksend", clicksend_post(text), "x-webhook-token"),
        Sample("wix", wix_post(event), ""),
        Sample("manychat", manychat_post(lead), "x-webhook-token"),
        Sample("zoho", zoho_post({"event_type": "email_opened", "event_id": "z-1"}), "x-zoho-webhook-signature"),
        Sample("gohighlevel", gohighlevel_post(contact), "x-ghl-signature"),
        Sample("proof", proof_post({"event": "transaction.completed", "data": completed}), "x-notarize-signature"),
        Sample("google-calendar", google_post(), "x-goog-channel-token"),
    ]


#: A genuine delivery around any body, of each source that reads one.
SIGNED: Mapping[str, Callable[[bytes], Post]] = MappingProxyType(
    {
        "stripe": stripe_post,
        "twilio form": twilio_post,
        "twilio json": twilio_json_post,
        "clicksend": clicksend_post,
        "wix hmac": wix_hmac_post,
        "manychat": manychat_post,
        "zoho": zoho_post,
        "gohighlevel": gohighlevel_post,
        "proof": proof_post,
    }
)
