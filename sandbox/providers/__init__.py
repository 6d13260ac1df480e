"""One file per provider: what it sends, in its own shape, and how it signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.delivery import Attempt, Delivery, SignedRequest
from sandbox.providers import (
    clicksend,
    gohighlevel,
    google_calendar,
    history,
    manychat,
    proof,
    stripe,
    twilio,
    wix,
    zoho,
)

#: Delivery.scheme to the function that signs one attempt of it.
SIGNERS: Mapping[str, Callable[[Delivery, Attempt], SignedRequest]] = {
    "stripe": stripe.sign,
    "twilio": twilio.sign,
    "clicksend": clicksend.sign,
    "wix_jwt": wix.sign_token,
    "wix_hmac": wix.sign_hmac,
    "manychat": manychat.sign,
    "zoho_notification": zoho.sign_notification,
    "zoho_books": zoho.sign_books,
    "zoho_token": zoho.sign_token,
    "gohighlevel": gohighlevel.sign,
    "proof": proof.sign,
    "google_calendar": google_calendar.sign,
    "import": lambda line, attempt: history.sign((line,), attempt),
}


def sign(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Return the request of one attempt to deliver."""
    return SIGNERS[delivery.scheme](delivery, attempt)
