"""Ways to prove that a request is genuine which several providers share; all compare in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime

from frontdesk.connectors.bodies import parse_form
from frontdesk.connectors.source import Reason, RefusedError, Request

#: Header in which a provider that signs nothing sends the token its owner typed in.
TOKEN_HEADER = b"x-webhook-token"
_TOKEN_PARAMETER = "token"  # noqa: S105 - the name of a parameter


def is_any_of(given: bytes, expected: Iterable[bytes]) -> bool:
    """Return whether the given proof equals one of those expected, in a time that tells nothing of either."""
    found = False
    for candidate in expected:
        found |= hmac.compare_digest(given, candidate)
    return found


def is_hmac_sha256_hex(given: bytes, message: bytes, keys: Iterable[bytes]) -> bool:
    """Return whether the given lower-case hex is the HMAC-SHA256 of the message under one of the keys."""
    return is_any_of(given, (hmac.digest(key, message, "sha256").hex().encode() for key in keys))


def check_hmac_sha256_hex(request: Request, header: bytes, message: bytes, keys: Iterable[bytes]) -> None:
    """Refuse the request unless the header holds the HMAC-SHA256 of the message in lower-case hex."""
    given = request.headers.get(header)
    if not given:
        raise RefusedError(Reason.SIGNATURE_MISSING, f"no {header.decode()} header")
    if not is_hmac_sha256_hex(given, message, keys):
        raise RefusedError(Reason.SIGNATURE_INVALID, f"{header.decode()} matches the body under no live secret")


def check_token(given: bytes | None, tokens: Iterable[bytes]) -> None:
    """Refuse the request unless it brought one of the live tokens."""
    if not given:
        raise RefusedError(
            Reason.SIGNATURE_MISSING, "no token; send it as X-Webhook-Token header or as token parameter"
        )
    if not is_any_of(given, tokens):
        raise RefusedError(Reason.SIGNATURE_INVALID, "the token is none of the live ones")


def find_token(request: Request) -> bytes | None:
    """Return the token from the X-Webhook-Token header or, if a provider can't send one, from ?token=."""
    token = request.headers.get(TOKEN_HEADER)
    if token or b"token=" not in request.query_string:
        return token
    return dict(parse_form(request.query_string)).get(_TOKEN_PARAMETER, "").encode()


def without_token(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return query parameters without the token, as they may be kept."""
    return [(key, value) for key, value in pairs if key != _TOKEN_PARAMETER]


def check_window(instant: datetime | None, *, now: datetime, seconds: float) -> None:
    """Refuse what was signed longer ago, or further ahead, than so many seconds, or at no readable time."""
    if instant is None or abs((now - instant).total_seconds()) > seconds:
        raise RefusedError(
            Reason.OUTSIDE_TIME_WINDOW,
            f"the timestamp is missing or not within {seconds:g} s of now; check both clocks",
        )
