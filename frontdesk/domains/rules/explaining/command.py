"""Why one command is what it is: its rule, its cause, the decision, the words, every attempt and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from frontdesk.core.log.envelope import Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.published.errors import UnknownCommandError
from frontdesk.core.published.reader import Published, Row
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.rules.explaining import words
from frontdesk.domains.rules.explaining.content import content_now, content_told
from frontdesk.domains.rules.explaining.guards import consent_in_words, quiet_hours_in_words
from frontdesk.domains.rules.explaining.shapes import (
    CommandExplanation,
    ConsentRead,
    ContentRead,
    DecisionRead,
    DeliveryRead,
    EventRead,
    GuardsRead,
    OutcomeRead,
    RuleRead,
)
from frontdesk.domains.rules.settings import RuledBusiness
from frontdesk.domains.sending.outbox.commands import MANUAL, KnownCommand
from frontdesk.domains.sending.outbox.outbox import OutboxReader
from frontdesk.domains.sending.outbox.outcome_events import outcome_event_id

#: What can become of a command.
_OUTCOMES = ("sent", "failed", "suppressed", "uncertain")


@dataclass(frozen=True, kw_only=True)
class CommandQuestion:
    """What an answer is made from. tenant_id: whose commands may be told of; None: everybody's."""

    published: Published
    outbox: OutboxReader
    log: EventLog
    tenants: Mapping[str, RuledBusiness]
    tenant_id: str | None
    now: datetime


def explain_command(question: CommandQuestion, command_key: str) -> CommandExplanation:
    """Return everything that is known of a command. Raises UnknownCommandError where there is none."""
    decision = question.published.decision(command_key)
    known = question.outbox.find(command_key)
    told = known.tenant_id if known else decision["tenant_id"] if decision else None
    if told is None or question.tenant_id not in (None, told):
        raise UnknownCommandError(_not_found(question, command_key))
    events = _read_events(question, decision, known)
    causes = known.cause_event_ids if decision is None and known else (decision or {}).get("cause_event_id", ())
    cause_ids = (causes,) if isinstance(causes, str) else causes
    reason_event = events.get((decision or {}).get("reason_event_id") or "")
    is_consent = decision is not None and decision["reason"] in (None, "opted_out") and reason_event is not None
    outcome = question.published.outcome(command_key)
    return CommandExplanation(
        command_key=command_key,
        tenant_id=told,
        command_type=known.command_type if known else (decision or {})["command_type"],
        contact_id=known.contact_id if known else (decision or {})["contact_id"],
        summary=_summary(decision, known),
        rule=_rule(decision, known, tenant=question.tenants.get(told)),
        decision=read_decision(decision, known) if decision else None,
        causes=tuple(EventRead.model_validate(events[each]) for each in cause_ids if each in events),
        reason_event=None if is_consent or reason_event is None else EventRead.model_validate(reason_event),
        guards=GuardsRead(
            consent=consent_in_words(decision, has_event=is_consent),
            quiet_hours=quiet_hours_in_words(known, tenant=question.tenants.get(told), now=question.now),
        ),
        consent=_consent(decision, reason_event) if is_consent and decision else None,
        content=_content(question, decision, known, tenant_id=told),
        delivery=DeliveryRead.model_validate(known) if known else None,
        outcome=OutcomeRead.model_validate(outcome) if outcome else None,
        lag_events=lag(question.published, question.log),
    )


def read_decision(decision: Row, known: KnownCommand | None) -> DecisionRead:
    """Return a row of fct_decisions in words, with where it stands in the outbox."""
    values = {name: decision[name] for name in DecisionRead.model_fields if name in decision}
    state = known.state if known else None
    return DecisionRead(**values, words=words.of_decision(decision, state), state=state)


def lag(published: Published, log: EventLog) -> int:
    """Return how many positions of the log the published decisions are behind."""
    return max(0, log.last_sequence() - published.modelled_sequence())


def _not_found(question: CommandQuestion, command_key: str) -> str:
    similar = question.published.similar_keys(command_key, tenant_id=question.tenant_id)
    remedy = f"did you mean {' or '.join(similar)}?" if similar else "`frontdesk outbox list` shows those that go out"
    return f"no command has the key {command_key}; {remedy}"


def _read_events(question: CommandQuestion, decision: Row | None, known: KnownCommand | None) -> dict[str, Event]:
    ids = {*(known.cause_event_ids if known else ())}
    if decision:
        ids |= {decision["cause_event_id"], decision["reason_event_id"]} - {None}
    return question.log.read_by_id(ids)


def _summary(decision: Row | None, known: KnownCommand | None) -> str:
    if known:
        return f"{words.of_delivery(known)}."
    if decision and decision["verdict"] == "intended" and not decision["stopped_by"]:
        return (
            "Intended, but never put into the outbox: it had expired at "
            f"{words.instant(decision['expires_at'])}, before it was first known, or is not modelled to the end yet."
        )
    sentence = words.of_decision(decision, None) if decision else "not decided"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _rule(decision: Row | None, known: KnownCommand | None, *, tenant: RuledBusiness | None) -> RuleRead:
    rule_id = known.rule_id if known else (decision or {})["rule_id"]
    version = known.rule_version if known else str((decision or {})["rule_version"])
    if rule_id in (None, MANUAL):
        return RuleRead(rule_id=None, version=None, version_now=None, is_changed=False)
    now = next((rule.version for rule in tenant.rules if rule.id == rule_id), None) if tenant else None
    return RuleRead(rule_id=rule_id, version=version, version_now=now, is_changed=str(now) != version)


def _consent(decision: Row, event: Event | None) -> ConsentRead:
    is_granted = decision["reason"] is None
    return ConsentRead(
        is_granted=is_granted,
        evidence=None if is_granted else decision["reason_detail"],
        event=EventRead.model_validate(event) if event else None,
    )


def _content(
    question: CommandQuestion, decision: Row | None, known: KnownCommand | None, *, tenant_id: str
) -> ContentRead | None:
    if known:
        # A guard's refusal is told with the number of the attempt that would have come next.
        ids = [
            outcome_event_id(known.command_key, attempt_number=number, ending=outcome)
            for number in range(1, known.attempts_count + 2)
            for outcome in _OUTCOMES
        ]
        told = question.log.read_by_source_ids(tenant_id, FRONTDESK_SOURCE, ids)
        content = content_told(told[-1]) if told else None
        if content and (content.text or content.subject):
            return content
    tenant = question.tenants.get(tenant_id)
    if tenant is None:
        return None
    command_type = known.command_type if known else (decision or {})["command_type"]
    payload = known.payload if known else orjson.loads((decision or {})["payload"])
    return content_now(command_type, payload, tenant=tenant)
