"""`frontdesk why-not`: why a rule did not act for a contact: what failed first, or the fact that never came."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from frontdesk.core.durations import format_duration
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.published.errors import AmbiguousContactError, UnknownContactError
from frontdesk.core.published.reader import Published, Row
from frontdesk.domains.rules.explanations.shapes import AbsenceExplanation, AwaitedRead
from frontdesk.domains.rules.explanations.why import (
    count_lag_events,
    describe_decision,
    describe_delivery,
    format_on_clock,
    read_decision,
)
from frontdesk.domains.rules.rule import Rule
from frontdesk.domains.rules.settings import RuledBusiness
from frontdesk.domains.sending.outbox.commands import CommandState, KnownCommand
from frontdesk.domains.sending.outbox.outbox import OutboxReader

#: More than these would not help to tell them apart.
_MAX_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class WhyNotQuestion:
    """What an answer is made from."""

    published: Published
    outbox: OutboxReader
    log: EventLog
    tenant: RuledBusiness
    rule: Rule


def explain_why_not(question: WhyNotQuestion, search_text: str) -> AbsenceExplanation:
    """Return why the rule did not act for the contact that is meant by an id, phone, e-mail address or name.

    Raises UnknownContactError or AmbiguousContactError.
    """
    tenant, rule = question.tenant, question.rule
    contact = _find_contact(question.published, search_text, tenant_id=tenant.slug)
    contact_id = contact["contact_id"]
    decisions = question.published.decisions_of(tenant.slug, rule_id=rule.id, contact_id=contact_id)
    known = {row["command_key"]: question.outbox.find(row["command_key"]) for row in decisions}
    facts = question.published.facts_of(contact_id, types=rule.when)
    sent = tuple(
        key
        for key, command in known.items()
        if command and command.state in (CommandState.SENT, CommandState.UNCERTAIN, CommandState.CALLING)
    )
    if decisions:
        summary = _describe_latest(decisions, known, sent=sent, zone=tenant.zone)
    else:
        summary = _describe_silence(rule, facts, name=contact["display_name"], zone=tenant.zone)
    return AbsenceExplanation(
        tenant_id=tenant.slug,
        rule_id=rule.id,
        contact_id=contact_id,
        contact_name=contact["display_name"],
        summary=summary,
        decisions=tuple(read_decision(row, known[row["command_key"]]) for row in decisions),
        awaited=tuple(_count_awaited(fact_type, facts) for fact_type in rule.when),
        sent_keys=sent,
        lag_events=count_lag_events(question.published, question.log),
    )


def _find_contact(published: Published, search_text: str, *, tenant_id: str) -> Row:
    found = published.find_contacts(tenant_id, search_text)
    if len(found) > 1:
        named = ", ".join(f"{row['display_name']} ({row['contact_id']})" for row in found[:_MAX_NAMED])
        more = ", ..." if len(found) > _MAX_NAMED else ""
        raise AmbiguousContactError(f"{len(found)} contacts match {search_text!r}; give the id of one: {named}{more}")
    if not found:
        similar = published.similar_names(tenant_id, search_text)
        remedy = f"did you mean {' or '.join(similar)}?" if similar else "give an id, phone number, address or name"
        raise UnknownContactError(f"{tenant_id} has no contact {search_text!r}; {remedy}")
    return found[0]


def _count_awaited(fact_type: str, facts: Sequence[Row]) -> AwaitedRead:
    moments = [fact["occurred_at"] for fact in facts if fact["type"] == fact_type]
    return AwaitedRead(fact_type=fact_type, count=len(moments), last_at=max(moments, default=None))


def _describe_latest(
    decisions: Sequence[Row], known: Mapping[str, KnownCommand | None], *, sent: Collection[str], zone: str
) -> str:
    """Return what became of the latest occasion; a rule can do several things at one."""
    latest = [row for row in decisions if row["due_at"] == decisions[0]["due_at"]]
    by_type = {
        row["command_type"]: _describe_outcome(row, known[row["command_key"]], sent=sent, zone=zone) for row in latest
    }
    summary = " ".join(
        by_type.values() if len(by_type) == 1 else (f"{name}: {each}" for name, each in by_type.items())
    )
    earlier = [key for key in sent if key not in {row["command_key"] for row in latest}]
    return f"{summary} It acted earlier: see `frontdesk why {earlier[0]}`." if earlier else summary


def _describe_outcome(decision: Row, known: KnownCommand | None, *, sent: Collection[str], zone: str) -> str:
    if decision["command_key"] in sent:
        return f"It acted: see `frontdesk why {decision['command_key']}`."
    if known:
        return f"{describe_delivery(known, zone=zone)}."
    if decision["verdict"] == "intended" and decision["stopped_by"] is None:
        return (
            f"It was due on {format_on_clock(decision['due_at'], zone)}. The event arrived after it had expired, and "
            "an expired message is never sent."
        )
    sentence = describe_decision(decision, None)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _describe_silence(rule: Rule, facts: Sequence[Row], *, name: str, zone: str) -> str:
    awaited = " or ".join(rule.when)
    if not facts:
        return f"{rule.id} waits for {awaited}; {name} has none."
    if rule.due.anchor == "booking_start":
        passed = [
            (fact, moment) for fact in facts if (moment := _due_moment(rule, fact)) and moment < fact["occurred_at"]
        ]
        if passed:
            fact, moment = passed[0]
            when = f"{format_duration(abs(rule.due.offset))} {'before' if rule.due.before else 'after'} the start"
            return (
                f"{when} was {format_on_clock(moment, zone)}. {fact['type']} happened later, on "
                f"{format_on_clock(fact['occurred_at'], zone)}: too late to act."
            )
        return f"{name} has {awaited}, but of no booking whose start is known."
    if "booking" in rule.once_per:
        return f"{name} has {awaited}, but of no known booking; the rule acts once per booking."
    return f"{name} has {awaited}, but none that {rule.id} acts on: a rule never acts on its own messages and tasks."


def _due_moment(rule: Rule, fact: Row) -> datetime | None:
    starts_at: datetime | None = fact["starts_at"]
    return starts_at + rule.due.offset if starts_at else None
