"""Canonical JSON and its SHA-256: the same content has one spelling, so one digest."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import orjson


def canonical_json(content: Mapping[str, object]) -> bytes:
    """Return content as JSON with sorted keys, without blanks, in UTF-8.

    It is that of RFC 8785 for what it takes: keys of ASCII, texts, whole numbers below 2^53, true, false, null.
    Raises ValueError for a number with a fraction, which has many spellings: write it as text.
    """
    _refuse_fractions(content)
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def digest_of(content: Mapping[str, object]) -> str:
    """Return the SHA-256 of content as canonical JSON, in hexadecimal. Raises ValueError as canonical_json does."""
    return sha256(canonical_json(content)).hexdigest()


def _refuse_fractions(value: object) -> None:
    if isinstance(value, float):
        raise ValueError(f"{value} has many spellings; write it as text")  # noqa: TRY004 - what is wrong is its value
    if isinstance(value, Mapping):
        for each in value.values():
            _refuse_fractions(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_fractions(each)
