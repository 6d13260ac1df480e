"""Running totals over rows: what was refunded of a payment so far, where an export has one row per refund."""

from __future__ import annotations


class RunningTotals:
    """Sums by key, in the order of the file. A repeated id gets the total of its first time."""

    def __init__(self) -> None:
        self._sums: dict[str, int] = {}
        self._totals: dict[tuple[str, str], int] = {}
        self._pending: dict[tuple[str, str], int] = {}

    def add(self, key: str, *, event_id: str, amount: int) -> int:
        """Return the key's total with this amount; it counts for later rows once the row is kept."""
        if (key, event_id) in self._totals:
            return self._totals[key, event_id]
        self._pending[key, event_id] = amount
        return self._sums.get(key, 0) + sum(value for (other, _), value in self._pending.items() if other == key)

    def keep(self) -> None:
        """Count what the present row added."""
        for (key, event_id), amount in self._pending.items():
            self._sums[key] = self._totals[key, event_id] = self._sums.get(key, 0) + amount
        self._pending.clear()

    def forget(self) -> None:
        """Drop what the present row added: it was refused."""
        self._pending.clear()
