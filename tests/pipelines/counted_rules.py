"""What rules decided and what came of it, counted in plain Python: docs/rules.md in other words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from frontdesk.domains.rules.rule import Condition, Rule
from tests.pipelines.counted_answers import Row, booked_ahead, share
from tests.pipelines.counted_facts import Fact
from tests.pipelines.counted_stages import StageAnswers
from tests.pipelines.counted_year import Booking, Consent

_CHANNELS = {"send_sms": "sms", "send_email": "email"}
#: What takes back what was told of the same payment, or overtakes it.
_UNDOING = {
    "payment.succeeded": ("payment.failed", "payment.refunded"),
    "payment.failed": ("payment.succeeded", "payment.refunded"),
}


@dataclass(frozen=True)
class Decision:
    """What a rule made of a fact. `reason` is why not; empty where it is to be done."""

    rule: Rule
    who: str
    due_at: datetime
    reason: str


class RuleAnswers(StageAnswers):
    """Answers about one business's rules."""

    def reminded(self) -> Iterator[Row]:
        """Question 9: how far ahead, whether a reminder reached them, appointments kept or missed, percent kept."""
        templates = {rule.id: rule.do.send_sms.template for rule in self._tenant.rules if rule.do.send_sms}
        reached = set()
        for name, text in self._book.texts.items():
            _, rule_id, _, about = (text.command.split("/") + [""] * 4)[:4]
            if templates.get(rule_id, "").startswith("reminder") and name not in self._book.failed:
                reached.add(about.removeprefix("booking:").partition("@")[0])
        kept: dict[tuple[str, bool], list[bool]] = defaultdict(list)
        for name, booking in self._bookings:
            if booking.status in ("completed", "no_show"):
                span = booked_ahead(booking.starts_at - booking.created_at)
                kept[span, name in reached].append(booking.status == "completed")
        for (span, is_reminded), came in kept.items():
            yield span, is_reminded, len(came), share(sum(came), len(came))

    def decisions(self) -> Iterator[Row]:
        """Question 12: rule, verdict, reason, how many commands."""
        verdicts: Counter[tuple[str, str, str | None]] = Counter()
        for each in self._decide():
            verdict = "shadow" if each.rule.is_shadow else "intended"
            verdicts[each.rule.id, "refused" if each.reason else verdict, each.reason or None] += 1
        for key, count in verdicts.items():
            yield *key, count

    def _decide(self) -> Iterator[Decision]:
        """Yield a decision per command: of facts about the same, the first that intends it, else the first."""
        bookings = self._book.bookings
        # What names a booking is about that booking's person, whoever paid.
        facts = [
            replace(each, who=bookings[each.booking].who) if each.booking in bookings else each
            for each in sorted(self._book.facts, key=lambda each: each.at)
        ]
        for rule in self._tenant.rules:
            chosen: dict[tuple[str, str], Decision] = {}
            for fact in (each for each in facts if each.kind in rule.when):
                due_at = _due(rule, fact)
                if due_at is None:
                    continue
                for command, _ in rule.do.listed():
                    key = command, _about(rule, fact)
                    decided = Decision(rule, fact.who, due_at, self._refusal(rule, fact, due_at, command=command))
                    if key not in chosen or (chosen[key].reason and not decided.reason):
                        chosen[key] = decided
            yield from chosen.values()

    def _refusal(self, rule: Rule, fact: Fact, due_at: datetime, *, command: str) -> str:
        """Return the first thing that keeps a command from being done; empty where nothing does."""
        return (
            self._stopped_by_the_booking(rule, fact, due_at)
            or ("undone" if self._is_undone(fact, until=due_at) else "")
            or ("happened" if self._has_happened(rule, fact, until=due_at) else "")
            or ("" if all(self._holds(each, fact, at=due_at) for each in rule.only_if) else "condition")
            or self._unreachable(rule, fact.who, due_at, command=command)
        )

    def _stopped_by_the_booking(self, rule: Rule, fact: Fact, due_at: datetime) -> str:
        booking = self._book.bookings.get(fact.booking)
        if booking and rule.due.anchor == "booking_start" and _start(booking, at=due_at) != fact.starts_at:
            return "moved"
        return "booking_state" if booking and _state(booking, at=due_at) in rule.unless.booking_is else ""

    def _unreachable(self, rule: Rule, who: str, due_at: datetime, *, command: str) -> str:
        channel = _CHANNELS.get(command)
        if channel is None:
            # Nobody writes records to providers' systems yet; what is shown alone needs no sender.
            return "no_sender" if command == "sync_record" and not rule.is_shadow else ""
        addresses = self._book.phones if channel == "sms" else self._book.emails
        if who not in addresses or addresses[who] > due_at:
            return "no_address"
        return self._missing_consent(who, channel, rule.message_class, at=due_at)

    def _has_happened(self, rule: Rule, fact: Fact, *, until: datetime) -> bool:
        happened = rule.unless.happened
        between = (
            each for each in self._book.facts if fact.at < each.at <= until and not _is_told_again(fact, by=each)
        )
        return any(_is_same(fact, each, scope) for each in between for scope in happened.get(each.kind, ())) or (
            "contact" in happened.get("message.received", ()) and self._is_answered(fact, until=until)
        )

    def _is_answered(self, fact: Fact, *, until: datetime) -> bool:
        """Return whether a person of the business wrote; what did not arrive is no answer, nor is a rule's text."""
        return any(
            text.who == fact.who and fact.at < text.created_at <= until
            for name, text in self._book.texts.items()
            if not (text.is_inbound or text.command or name in self._book.failed or name == fact.thing)
        )

    def _is_undone(self, fact: Fact, *, until: datetime) -> bool:
        """Return whether the newest word on the same payment is another; a part given back says nothing of it."""
        undoing = _UNDOING.get(fact.kind, ())
        told = [
            each
            for each in self._book.facts
            if fact.at < each.at <= until and each.thing == fact.thing and each.kind in (fact.kind, *undoing)
        ]
        newest = max((each for each in told if not each.is_partial), key=lambda each: each.at, default=fact)
        return newest.kind in undoing

    def _holds(self, condition: Condition, fact: Fact, *, at: datetime) -> bool:
        own = [each for _, each in self._bookings if each.who == fact.who and each.created_at <= at]
        booking = self._book.bookings.get(fact.booking)
        count_completed = sum(_state(each, at=at) == "completed" for each in own)
        known: object = {
            "contact.count_bookings": len(own),
            "contact.count_bookings_completed": count_completed,
            # Nobody books for anybody else in this year, and no reply leaves open what it says.
            "booking.count_guest_bookings_completed": count_completed,
            "fact.opt_out_type": None,
            "booking.service_name": fact.service,
            "booking.status": booking and _state(booking, at=at),
            "fact.source": fact.source,
        }[condition.field]
        match condition.operator:
            case "equals":
                return bool(known == condition.value)
            case "not_equals":
                return bool(known != condition.value)
            case "one_of":
                return bool(known in condition.value)
        raise AssertionError(f"count {condition.operator} too")

    def _missing_consent(self, who: str, channel: str, message_class: str, *, at: datetime) -> str:
        counting = (message_class, "all")
        said: list[Consent] = [
            each
            for each in self._book.consents
            if (each.who, each.channel) == (who, channel) and each.purpose in counting and each.at <= at
        ]
        # Of a yes and a no at one instant the no counts.
        last = max(said, key=lambda each: (each.at, not each.is_yes), default=None)
        if last is None:
            return "no_consent" if message_class == "marketing" else ""
        return "" if last.is_yes else "opted_out"


def _is_told_again(fact: Fact, *, by: Fact) -> bool:
    """Return whether a delivery tells once more of what the fact told."""
    return (fact.kind, fact.thing) == (by.kind, by.thing)


def _is_same(fact: Fact, other: Fact, scope: str) -> bool:
    name = {"contact": "who", "booking": "booking", "entity": "thing"}[scope]
    return bool(getattr(fact, name)) and getattr(fact, name) == getattr(other, name)


def _due(rule: Rule, fact: Fact) -> datetime | None:
    """Return when to act; None where that moment had passed when the fact happened."""
    if rule.due.anchor == "fact":
        return fact.at + rule.due.offset
    due_at = fact.starts_at + rule.due.offset if fact.starts_at else None
    return due_at if due_at and due_at >= fact.at else None


def _about(rule: Rule, fact: Fact) -> str:
    """Return what makes two commands of a rule one."""
    if rule.once_per in ("contact", "guest"):
        return fact.who
    if rule.once_per == "booking" and fact.booking:
        return fact.booking
    if fact.kind.startswith("booking.") and rule.once_per == "fact":
        return f"{fact.booking}@{fact.starts_at}"
    return fact.thing


def _start(booking: Booking, *, at: datetime) -> datetime:
    return max(((told, start) for told, start in booking.starts if told <= at), key=lambda each: each[0])[1]


def _state(booking: Booking, *, at: datetime) -> str:
    return max(((told, state) for told, state in booking.steps if told <= at), key=lambda each: each[0])[1]
