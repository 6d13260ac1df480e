"""The body of a problem (RFC 9457), as every process of ours answers one."""

from __future__ import annotations

import orjson


def problem_body(*, status: int, title: str, detail: str, **members: object) -> bytes:
    """Return the JSON of a problem."""
    return orjson.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail, **members})
