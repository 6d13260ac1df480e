"""What became of the deliveries, by tenant and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ACCEPTED, DUPLICATE, REFUSED, UNDELIVERED = "accepted", "duplicate", "refused", "undelivered"
#: Answered with success, by an answer that doesn't say whether it was new: Twilio gets TwiML.
TAKEN = "taken"


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
        selection = set(outcomes)
        return sum(
            number
            for (of_tenant, _, outcome), number in self.outcomes.items()
            if outcome in selection and tenant in (None, of_tenant)
        )

    def settle(self, counted: Mapping[tuple[str, str, str], int]) -> None:
        """Replace what was merely taken by what the receiver counted since this tally began."""
        for tenant, source, outcome in list(self.outcomes):
            if outcome == TAKEN:
                count_taken = self.outcomes.pop((tenant, source, TAKEN))
                duplicates = min(counted.get((tenant, source, DUPLICATE), 0), count_taken)
                self.add(tenant, source, DUPLICATE, duplicates)
                self.add(tenant, source, ACCEPTED, count_taken - duplicates)

    @property
    def sent(self) -> int:
        """All deliveries, whatever became of them."""
        return self.outcomes.total()
