"""Asks the receiver how the parts of the system are doing (/readyz), and says it in people's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from dashboard.frame.api import receiver_client
from dashboard.frame.health import Judgement
from dashboard.parts.formatting import escape_markdown
from frontdesk.core.time_words import age_words

_NAMES = {
    "live_path": "Live path",
    "dispatcher": "Sending",
    "published_file": "Published file",
    "providers": "Providers",
    "build": "Nightly build",
    "verification": "Nightly verification",
    "monitor": "Monitor",
    "secrets": "Stored secrets",
    "disk": "Disk",
}
_AGES = {
    "live_path": "sign of life",
    "dispatcher": "sign of life",
    "monitor": "sign of life",
    "published_file": "replaced",
    "providers": "first closed",
}


class Part(BaseModel):
    """How one part is doing; `age_seconds` is since its newest sign of life, or its last end."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    status: Literal["ok", "degraded", "unknown"]
    detail: str
    age_seconds: float | None = None


class _Readiness(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    components: Mapping[str, Part]


@dataclass(frozen=True)
class PartRow:
    """A part as the page shows it."""

    name: str
    judgement: Judgement

    @property
    def line(self) -> str:
        """The row in Markdown."""
        return f"**{self.name}** {self.judgement.badge}  \n:gray[:small[{escape_markdown(self.judgement.detail)}]]"


def fetch_parts(receiver_url: str) -> Mapping[str, Part] | None:
    """Return the parts by name; None if the receiver gives no such answer."""
    try:
        with receiver_client(receiver_url) as client:
            answer = client.get("/readyz")
        return _Readiness.model_validate_json(answer.content).components
    except (httpx.HTTPError, ValidationError):
        return None


def rows_of_parts(parts: Mapping[str, Part] | None) -> Iterator[PartRow]:
    """Yield a row for each part that is known, the receiver first."""
    if parts is None:
        yield PartRow(
            "Receiver", Judgement("Can't take deliveries", "red", "error", "its /readyz says so, or nothing")
        )
        return
    yield PartRow("Receiver", Judgement("Ready", "green", "check_circle", "takes deliveries"))
    for key, name in _NAMES.items():
        if key in parts:
            yield PartRow(name, _judge(key, parts[key]))


def _judge(key: str, part: Part) -> Judgement:
    detail = part.detail
    if part.age_seconds is not None:
        detail = f"{detail} · {_AGES.get(key, 'ended')} {age_words(part.age_seconds)} ago"
    match part.status:
        case "ok":
            return Judgement("OK", "green", "check_circle", detail)
        case "degraded":
            return Judgement("Failing", "red", "error", detail)
        case "unknown":
            return Judgement("Not seen yet", "gray", "hourglass_empty", detail)
