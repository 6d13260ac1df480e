"""What a batch changed, for whoever publishes and reports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.build.dbt_runner import LiveModel
from pipelines.live.scopes import Keys


@dataclass(frozen=True, slots=True)
class Change:
    """What one batch changed in one published table."""

    model: LiveModel
    keys: Keys | None  #: by column, the values whose rows are others now; None: any row


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One batch that is committed in the warehouse."""

    count_events: int
    last_sequence: int
    changes: tuple[Change, ...]


def combine(results: Sequence[BatchResult]) -> BatchResult:
    """Return what several batches, one after the other, did together."""
    return BatchResult(
        count_events=sum(result.count_events for result in results),
        last_sequence=results[-1].last_sequence,
        changes=tuple(change for result in results for change in result.changes),
    )
