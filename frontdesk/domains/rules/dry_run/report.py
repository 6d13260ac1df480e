"""What `frontdesk dry-run --json` reports, as far as the page shows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Counts(_Part):
    """How many commands differ in which way; costs in millionths of the currency."""

    newly_sent: int
    no_longer_sent: int
    moved: int
    text_changed: int
    not_composable: int = 0
    segments_change: int = 0
    cost_change_micros: int = 0
    unpriced: int = 0


class RuleDay(_Part):
    """What differs of one rule's commands of one type on one day of the business's clock."""

    rule_id: str
    command_type: str
    day: date
    counts: Counts


class OptOuts(_Part):
    """What only a missing consent keeps from being newly sent."""

    rule_id: str
    reason: str
    count: int


class Side(_Part):
    """A command as one set of rules intends it."""

    due_at: AwareDatetime
    content: dict[str, Any]


class Differing(_Part):
    """One command that differs: before, after, or both."""

    kind: str
    command_key: str
    rule_id: str
    contact_id: str
    before: Side | None = None
    after: Side | None = None


class Report(_Part):
    """One business's changed rules over all history."""

    tenant_id: str
    has_changes: bool
    currency: str | None = None
    totals: Counts
    rule_days: tuple[RuleDay, ...] = ()
    opt_outs: tuple[OptOuts, ...] = ()
    at_once: tuple[str, ...] = ()
    differing: tuple[Differing, ...] = ()
    notes: tuple[str, ...] = ()
