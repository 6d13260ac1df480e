"""The customers' side: what they text back, and which of them a provider no longer texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# Whole messages, in any case: Twilio's default keywords.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "UNSTOP", "YES"})

SmsProvider = Literal["twilio", "clicksend"]


@dataclass(slots=True)
class Reply:
    """One text of a customer to a business."""

    at: datetime  # aware UTC
    provider: SmsProvider
    tenant: str
    phone: str  # E.164
    number: str  # the business's
    text: str
    outcome: str = "on its way"


@dataclass(slots=True)
class Phones:
    """Replies in their order, and opt-outs."""

    replies: list[Reply] = field(default_factory=list)
    _opted_out: set[tuple[str, str]] = field(default_factory=set)

    def has_opted_out(self, *, number: str, phone: str) -> bool:
        """Tell whether the phone said STOP to that number of the business."""
        return (number, phone) in self._opted_out

    def heed(self, *, number: str, phone: str, text: str) -> None:
        """Opt the phone out or in again if the text is one of the keywords."""
        keyword = text.strip().upper()
        if keyword in STOP_WORDS:
            self._opted_out.add((number, phone))
        elif keyword in START_WORDS:
            self._opted_out.discard((number, phone))

    def reset(self) -> None:
        """Forget everything."""
        self.replies.clear()
        self._opted_out.clear()
