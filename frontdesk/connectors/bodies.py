"""Reading bodies: JSON and forms within limits, ids and instants out of whatever shape was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import orjson

from frontdesk.connectors.source import Reason, RefusedError, Request

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

MAX_NESTING = 64
MAX_FORM_FIELDS = 1_000
MAX_ID_LENGTH = 255
MAX_TYPE_LENGTH = 200
_HASH_DIGITS_OF_MADE_IDS = 32

#: 1970 to 2999 in Unix seconds; what lies outside is no time but a mistake.
_LATEST_UNIX_SECONDS = 32_503_680_000
_EXACT_INT_DIGITS = 18
_ODD_IN_TYPE = re.compile(r"[^A-Za-z0-9_./:-]")


def sends_json(request: Request) -> bool:
    """Return whether the body is JSON rather than a form: by content type or, if none was sent, by its look."""
    return request.media_type == JSON or (not request.media_type and request.body.lstrip()[:1] == b"{")


def parse_json(body: bytes) -> Any:
    """Return the JSON value. Numbers beyond 64 bits come back as floats, or as text if no float holds them.

    Raises RefusedError if it is no JSON (RFC 8259: UTF-8, no NaN, no lone surrogates) or nested too deeply.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return parse_json_exactly(body)  # it may only be a number that is too long for orjson
    # No nesting without brackets: small bodies need no walk.
    if body.count(b"{") + body.count(b"[") > MAX_NESTING:
        refuse_deep(value)
    return value


def parse_json_exactly(body: bytes) -> Any:
    """Return the JSON value with long integers and all fractions as the text that was sent.

    Several times slower than parse_json; for providers whose ids exceed 64 bits. Raises RefusedError likewise.
    """
    try:
        value = json.loads(body.decode(), parse_int=_exact_int, parse_float=str, parse_constant=_refuse_constant)
        refuse_deep(value)
        orjson.dumps(value)  # refuses lone surrogates, which neither database nor warehouse can hold
    except RecursionError as error:
        raise RefusedError(Reason.TOO_DEEP, f"the body is nested deeper than {MAX_NESTING} levels") from error
    except (ValueError, TypeError) as error:
        raise RefusedError(Reason.MALFORMED, "the body is not valid JSON in UTF-8") from error
    return value


def refuse_deep(value: Any) -> None:
    """Raise RefusedError if objects and lists are nested deeper than MAX_NESTING."""
    level = [value]
    for _ in range(MAX_NESTING):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    if any(isinstance(node, dict | list) for node in level):
        raise RefusedError(Reason.TOO_DEEP, f"the body is nested deeper than {MAX_NESTING} levels")


def one_reading(payload: bytes, parsed: Any = None) -> bytes:
    """Return JSON that every reader reads the same: if a key comes twice in one object, the last one alone.

    Python and JavaScript keep the last, DuckDB finds the first. What repeats nothing comes back as the very bytes.
    `parsed` is what a parser of ours made of the payload; without it, it is parsed here.
    """
    if parsed is None:
        try:
            parsed = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return _without_repeats(payload)  # a number that is too long for orjson
    # A key that was dropped took its colon along; colons in texts are the same in both, unless they are escaped.
    has_escapes = b"\\" in payload and b"\\u003" in payload  # one byte is found faster
    is_same = not has_escapes and orjson.dumps(parsed).count(b":") == payload.count(b":")
    return payload if is_same else _without_repeats(payload)


def _without_repeats(payload: bytes) -> bytes:
    has_repeats = False

    def keep_last(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal has_repeats
        kept = dict(pairs)
        has_repeats |= len(kept) < len(pairs)
        return kept

    # Numbers as they were written, so that none changes on the way.
    value = json.loads(payload, object_pairs_hook=keep_last, parse_int=_verbatim, parse_float=_verbatim)
    return orjson.dumps(value) if has_repeats else payload


def _verbatim(number: str) -> orjson.Fragment:
    return orjson.Fragment(number)


def as_object(value: Any) -> dict[str, Any]:
    """Return the value as an object. Raises RefusedError if it is something else."""
    if not isinstance(value, dict):
        raise RefusedError(Reason.MALFORMED, "the body must be a JSON object")
    return value


def parse_form(text: bytes) -> list[tuple[str, str]]:
    """Return the pairs of a form body or query string, decoded, empty values included. Raises RefusedError."""
    try:
        return parse_qsl(text.decode(errors="replace"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError as error:
        raise RefusedError(Reason.MALFORMED, f"the form has more than {MAX_FORM_FIELDS} fields") from error


def form_object(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return pairs as a flat object of strings; a repeated key holds the list of its values."""
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return {key: found[0] if len(found) == 1 else found for key, found in values.items()}


def find_text(value: Any, *path: str) -> str | None:
    """Return the text or number at the path as text; None if it is missing, empty or something else."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def body_id(body: bytes) -> str:
    """Return the id of a delivery whose provider gives none: the hash of its body."""
    return f"sha256:{sha256(body).hexdigest()}"


def made_id(parts: Iterable[str | None], body: bytes) -> str:
    """Return an id made of what a body says, for providers that give their events none.

    The body's hash is its last part: two bodies that agree in the named parts and differ in another are two
    deliveries, and neither is lost.
    """
    return ":".join((*(part for part in parts if part), sha256(body).hexdigest()[:_HASH_DIGITS_OF_MADE_IDS]))


def bounded_id(text: str) -> str:
    """Return the id, hashed if it is longer than any index should hold."""
    return text if len(text) <= MAX_ID_LENGTH else body_id(text.encode(errors="surrogatepass"))


def event_type(source: str, name: str) -> str:
    """Return the envelope's type: the provider's name with its source in front.

    Names that people type (ManyChat, Zoho) may hold anything; other characters than A-Z a-z 0-9 _ . / : - become _.
    """
    return f"{source}.{_ODD_IN_TYPE.sub('_', name)}"[:MAX_TYPE_LENGTH]


def instant_of_seconds(value: Any) -> datetime | None:
    """Return the UTC instant of Unix seconds given as number or text; None if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _EXACT_INT_DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST_UNIX_SECONDS:
        return None
    return datetime.fromtimestamp(value, tz=UTC)


def instant_of_milliseconds(value: Any) -> datetime | None:
    """Return the UTC instant of Unix milliseconds given as number or text; None if it is none."""
    seconds = find_text({"value": value}, "value")
    if seconds is None or not (seconds.isascii() and seconds.isdigit() and len(seconds) <= _EXACT_INT_DIGITS):
        return None
    return instant_of_seconds(int(seconds) / 1000)


def instant_of_text(value: Any) -> datetime | None:
    """Return the UTC instant of ISO 8601 text that names its offset; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant_of_seconds(instant.timestamp()) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _exact_int(digits: str) -> int | str:
    return int(digits) if len(digits) <= _EXACT_INT_DIGITS else digits


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
