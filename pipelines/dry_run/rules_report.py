"""The result of a dry run: what changed rules would do otherwise, per rule and day, and what it would cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from pipelines.dry_run.comparison import Differing, Kind


@dataclass(slots=True, kw_only=True)
class Counts:
    """How many commands differ in which way, and what that changes of texts and their cost."""

    newly_sent: int = 0
    no_longer_sent: int = 0
    moved: int = 0
    text_changed: int = 0  #: also of moved ones
    not_composable: int = 0  #: would be intended, but its text can't be made
    segments_change: int = 0
    cost_change_micros: int = 0  #: millionths of the currency
    unpriced: int = 0  #: texts to where no price is known

    def add(self, differing: Differing) -> None:
        """Count one command."""
        match differing.kind:
            case Kind.NEWLY_SENT:
                self.newly_sent += 1
            case Kind.NO_LONGER_SENT:
                self.no_longer_sent += 1
            case Kind.MOVED:
                self.moved += 1
            case Kind.TEXT_CHANGED:
                pass
        self.text_changed += differing.is_text_changed
        for side, sign in ((differing.after, 1), (differing.before, -1)):
            if side is not None:
                self.segments_change += sign * side.segments
                self.cost_change_micros += sign * (side.cost_micros or 0)
        if differing.after is not None:
            self.not_composable += "problem" in differing.after.content
            self.unpriced += differing.after.cost_micros is None

    def merge(self, other: Counts) -> None:
        """Add the counts of others."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDay:
    """What differs of one rule's commands of one type on one day of the tenant's clock."""

    rule_id: str
    command_type: str
    day: date
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOuts:
    """What only a missing consent keeps from being newly sent."""

    rule_id: str
    reason: str  #: opted_out or no_consent
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesDryRun:
    """One tenant's changed rules over all history."""

    tenant_id: str
    since: date | None
    modelled_sequence: int  #: the newest event of the log that it was tried on
    log_sequence: int  #: the newest there is
    currency: str | None  #: of the costs; None: the tenant's file has no prices
    totals: Counts
    rule_days: Sequence[RuleDay]
    opt_outs: Sequence[OptOuts]
    at_once: Sequence[str]  #: keys of what would go out at once, if these rules were put in force now
    differing: Sequence[Differing]
    notes: Sequence[str] = field(default=())

    @property
    def has_changes(self) -> bool:
        """Tell whether anything would go out otherwise."""
        return bool(self.differing)


def count_by_rule_and_day(differing: Iterable[Differing], *, zone: ZoneInfo) -> list[RuleDay]:
    """Return the counts per rule, type and local day, in that order."""
    counted: dict[tuple[str, str, date], Counts] = {}
    for each in differing:
        key = (each.rule_id, each.command_type, each.due_at.astimezone(zone).date())
        counted.setdefault(key, Counts()).add(each)
    return [
        RuleDay(rule_id=rule_id, command_type=command_type, day=day, counts=counts)
        for (rule_id, command_type, day), counts in sorted(counted.items(), key=lambda item: item[0])
    ]


def count_by_rule(rule_days: Iterable[RuleDay]) -> dict[tuple[str, str], Counts]:
    """Return the counts per rule and type of command, over all days."""
    counted: dict[tuple[str, str], Counts] = {}
    for each in rule_days:
        counted.setdefault((each.rule_id, each.command_type), Counts()).merge(each.counts)
    return counted


def count_all(differing: Iterable[Differing]) -> Counts:
    """Return the counts of all together."""
    counts = Counts()
    for each in differing:
        counts.add(each)
    return counts
