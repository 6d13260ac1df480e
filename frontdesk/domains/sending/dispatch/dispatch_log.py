"""What people are told of while commands go out: structured log lines, and counts of them."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import Any

from frontdesk.domains.sending.outbox.commands import Lane

_LOGGER = logging.getLogger("frontdesk.delivery")
#: Attribute of a log record that holds its named values.
_FIELDS = "frontdesk_fields"


class DispatchLog:
    """Counts by name, with a log line for each that somebody should see. Safe to use from several threads."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._missing: set[tuple[Lane, str]] = set()
        self._lock = threading.Lock()

    def counts(self) -> dict[str, int]:
        """Return how often each thing happened since the start: `breaker_opened`, `outcome_sent` and so on."""
        with self._lock:
            return dict(self._counts)

    def count(self, name: str) -> None:
        """Count something that needs no line."""
        with self._lock:
            self._counts[name] += 1

    def breaker(self, lane: Lane, transition: str, *, reason: str) -> None:
        """Tell that a provider is down for a tenant, or that it is back: once for each time."""
        self.count(f"breaker_{transition}")
        level = logging.ERROR if transition == "opened" else logging.WARNING
        self._log(level, f"circuit breaker {transition}", lane=lane, reason=reason)

    def not_configured(self, lane: Lane, reason: str) -> None:
        """Tell, once, what is missing for a provider to be called."""
        with self._lock:
            is_known = (lane, reason) in self._missing
            self._missing.add((lane, reason))
        if not is_known:
            self.count("not_configured")
            self._log(logging.ERROR, "provider not configured", lane=lane, reason=reason)

    def uncertain(self, command_key: str, reason: str) -> None:
        """Tell that nobody knows whether a command was sent and that a person has to find out."""
        self.count("left_to_a_person")
        self._log(logging.ERROR, "command left to a person", command_key=command_key, reason=reason)

    def trouble(self, what: str, reason: str) -> None:
        """Tell of something that the dispatcher goes on after."""
        self.count("trouble")
        self._log(logging.ERROR, what, reason=reason)

    def _log(self, level: int, message: str, *, lane: Lane | None = None, **fields: Any) -> None:
        named = {"tenant": lane.tenant_id, "provider": lane.provider} if lane else {}
        _LOGGER.log(level, message, extra={_FIELDS: {**named, **fields}})
