"""Answers that are known again: by a digest of what they say."""

from __future__ import annotations

from hashlib import sha256

from fastapi import Request


def etag_of(content: bytes) -> str:
    """Return what tells an answer's content, as a header has it."""
    return f'"{sha256(content).hexdigest()[:32]}"'


def is_known(request: Request, etag: str) -> bool:
    """Tell whether who asks has the answer already."""
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]
