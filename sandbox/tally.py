"""What became of the deliveries, by tenant and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

ACCEPTED, DUPLICATE, REFUSED, UNDELIVERED = "accepted", "duplicate", "refused", "undelivered"


@dataclass(slots=True)
class Tally:
    """Counts of outcomes."""

    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # tenant, source, outcome
    statuses: Counter[int] = field(default_factory=Counter)  # by HTTP status, retries included
    last_sequence: int = 0  # the highest that an answer named
    problems: list[str] = field(default_factory=list)  # the first few refusals, as they were answered

    def add(self, tenant: str, source: str, outcome: str, count: int = 1) -> None:
        """Count an outcome."""
        if count:
            self.outcomes[tenant, source, outcome] += count

    def count(self, outcomes: Iterable[str], *, tenant: str | None = None) -> int:
        """Return how many deliveries had one of these outcomes, of one tenant or of all."""
        wanted = set(outcomes)
        return sum(
            number
            for (of_tenant, _, outcome), number in self.outcomes.items()
            if outcome in wanted and tenant in (None, of_tenant)
        )

    @property
    def sent(self) -> int:
        """All deliveries, whatever became of them."""
        return self.outcomes.total()
