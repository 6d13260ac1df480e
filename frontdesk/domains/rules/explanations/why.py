"""`frontdesk why`: the rule of a command, its cause, decision, consent and words, attempts and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from frontdesk.core.log.envelope import Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.published.errors import UnknownCommandError
from frontdesk.core.published.reader import Published, Row
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.rules.explanations.shapes import (
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
from frontdesk.domains.rules.verdict_words import OPERATORS, REASONS
from frontdesk.domains.sending.facts import MESSAGE_SENT
from frontdesk.domains.sending.outbox.commands import MANUAL, Channel, CommandState, KnownCommand, MessageClass
from frontdesk.domains.sending.outbox.outbox import OutboxReader
from frontdesk.domains.sending.outbox.outcome_events import outcome_event_id
from frontdesk.domains.sending.quiet_hours import end_of_quiet_hours
from frontdesk.domains.sending.recipient_zones import zones_of
from frontdesk.domains.sending.sms_segments import measure_sms
from frontdesk.domains.sending.templates import EmailTemplate, TemplateRenderError, template_version
from frontdesk.domains.tasks.facts import TASK_CREATED

_CAN_BE_STOPPED = (None, CommandState.WAITING, CommandState.WITHDRAWN)
#: Where a command stands, before the moment since when it does.
_STATE_WORDS = {
    CommandState.CLAIMED: "Sending since",
    CommandState.CALLING: "Sending since",
    CommandState.SENT: "Sent on",
    CommandState.DEAD: "Failed on",
    CommandState.UNCERTAIN: "Not confirmed since",
    CommandState.CANCELLED: "Cancelled on",
    CommandState.WITHDRAWN: "No longer needed since",
    CommandState.SUPPRESSED: "Not sent: a check before sending stopped it on",
}
#: What is done is said in another word than "Sent", by the command's type.
_DONE_WORDS = {
    "create_task": "Task created on",
    "sync_record": "Record updated on",
    "call_webhook": "Webhook called on",
}


def format_instant(moment: datetime) -> str:
    """Return a moment as it is shown."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def format_on_clock(moment: datetime, zone: str) -> str:
    """Return a moment on a business's clock, such as `Sat 21 Nov 2026, 20:00 AWST`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def describe_decision(decision: Mapping[str, Any], state: CommandState | None) -> str:
    """Return verdict and reason of a row of fct_decisions, and what stopped it since.

    state: where it stands in the outbox, None if it is not there. What comes after it went out is of no account.
    """
    match decision["verdict"]:
        case "intended":
            due = f"approved to send, due {format_instant(decision['due_at'])}"
            if decision["stopped_by"] is None or state not in _CAN_BE_STOPPED:
                return due
            why = _describe_reason(decision["stopped_by"], decision["stopped_detail"])
            return f"{due}, stopped later because {why}"
        case "shadow":
            return "not sent: the rule is in shadow, so it decides and sends nothing"
        case "held_out":
            return "not sent: the contact is in the random group that the rule leaves out to measure what it does"
        case _:
            return f"not sent because {_describe_reason(decision['reason'], decision['reason_detail'])}"


def describe_delivery(known: KnownCommand, *, zone: str) -> str:
    """Return where a command of the outbox stands, on the clock of its business."""
    if known.state is CommandState.WAITING:
        moment = known.next_attempt_at or known.due_at
        why = f" ({known.reason})" if known.reason else ""
        return f"Waits until {format_on_clock(moment, zone)}{why}"
    words = _STATE_WORDS[known.state]
    if known.state is CommandState.SENT:
        words = _DONE_WORDS.get(known.command_type, words)
    why = f": {known.reason}" if known.reason else ""
    return f"{words} {format_on_clock(known.changed_at, zone)}{why}"


def _describe_reason(reason: str, detail: str | None) -> str:
    words = REASONS.get(reason, reason)
    if reason == "condition" and detail:
        field, _, rest = detail.partition(" ")
        operator, _, expected = rest.partition(" ")
        return f"{words}: {field} {OPERATORS.get(operator, operator)} {expected}".rstrip()
    return f"{words}: {detail}" if detail else words


_CHANNEL_NAMES = {"sms": "texts", "email": "e-mails"}


def describe_consent(decision: Row | None, *, has_event: bool) -> str | None:
    """Return what consent said of a text or e-mail; None for what needs none, such as a task."""
    if decision is None or decision["channel"] not in _CHANNEL_NAMES:
        return None
    kind = _CHANNEL_NAMES[decision["channel"]]
    if decision["reason"] == "opted_out" or decision["stopped_by"] == "opted_out":
        return f"opted out of {kind}: {decision['reason_detail'] or decision['stopped_detail']}"
    if decision["reason"] == "no_consent":
        return f"never agreed to marketing by {kind}"
    if decision["reason"] is not None:
        return None  # something else refused it first
    if has_event:
        return f"agreed to {kind} of this kind"
    return f"none needed: a {decision['message_class']} message, and the contact has not opted out of {kind}"


def describe_quiet_hours(known: KnownCommand | None, *, tenant: RuledBusiness | None, now: datetime) -> str | None:
    """Return what quiet hours said of a text or e-mail when it went out, or say now; None if they say nothing."""
    if known is None or tenant is None or known.channel not in (Channel.SMS, Channel.EMAIL):
        return None
    is_marketing = known.message_class is MessageClass.MARKETING
    if known.channel is Channel.EMAIL and not is_marketing:
        return "do not apply: only marketing e-mails wait for them"
    phone = known.payload.get("to") if known.channel is Channel.SMS else None
    moment = known.attempts[-1].started_at if known.attempts else max(now, known.due_at)
    hours = tenant.delivery.quiet_hours
    zones = zones_of(str(phone), tenant.zone) if phone else (tenant.zone,)
    clocks = ", ".join(f"{moment.astimezone(ZoneInfo(zone)):%H:%M} in {zone}" for zone in zones)
    when = f"{clocks}; quiet from {hours.starts:%H:%M} to {hours.ends:%H:%M}"
    end = end_of_quiet_hours(moment, hours=hours, phone=phone, tenant_zone=tenant.zone)
    if end is None:
        return f"not quiet: {when}"
    if known.payload.get("is_immediate") and not is_marketing:
        return f"do not apply: an immediate answer to the contact ({when})"
    return f"wait until {format_instant(end)}: {when}"


_SENT_TYPES = (MESSAGE_SENT, TASK_CREATED)


def read_outcome_content(event: Event) -> ContentRead:
    """Return what an outcome event says went out, or was to."""
    payload = orjson.loads(event.payload)
    return ContentRead(
        is_sent=event.type in _SENT_TYPES,
        template=payload.get("template"),
        template_version=payload.get("template_version"),
        to=payload.get("to"),
        subject=payload.get("subject") or payload.get("title"),
        text=payload.get("body"),
        segments=payload.get("segments"),
    )


def compose_content_now(
    command_type: str, payload: Mapping[str, Any], *, tenant: RuledBusiness
) -> ContentRead | None:
    """Return what a text, e-mail or task would say now; None for what has no words."""
    subject: str | None = None
    template = payload.get("template")
    templates = tenant.all_templates()
    text: str | None = None
    found: str | EmailTemplate | None = None
    match command_type:
        case "send_sms":
            found = text = templates.sms.get(template) if template else None
        case "send_email":
            found = mail = templates.email.get(template) if template else None
            subject, text = (mail.subject, mail.text) if mail else (None, None)
        case "create_task":
            subject = str(payload.get("title"))
        case _:
            return None
    problem = f"the business's file has no template {template} now" if template and found is None else None
    variables = payload.get("variables") or {}
    try:
        subject, text = (tenant.render_text(each, variables) if each else None for each in (subject, text))
    except TemplateRenderError as error:
        subject, text, problem = None, None, error.detail
    if template is None and command_type != "create_task":  # a person's own words
        subject, text = payload.get("subject"), payload.get("text")
    return ContentRead(
        is_sent=False,
        template=template,
        template_version=template_version(found) if found else None,
        to=payload.get("to"),
        subject=subject,
        text=text,
        segments=measure_sms(text).count_segments if command_type == "send_sms" and text and not problem else None,
        problem=problem,
    )


#: What can become of a command.
_OUTCOMES = ("sent", "failed", "suppressed", "uncertain")


@dataclass(frozen=True, kw_only=True)
class WhyQuestion:
    """What an answer is made from. tenant_id: whose commands may be told of; None: everybody's."""

    published: Published
    outbox: OutboxReader
    log: EventLog
    tenants: Mapping[str, RuledBusiness]
    tenant_id: str | None
    now: datetime


def explain_why(question: WhyQuestion, command_key: str) -> CommandExplanation:
    """Return everything that is known of a command. Raises UnknownCommandError if there is none."""
    decision = question.published.decision(command_key)
    known = question.outbox.find(command_key)
    tenant_id = known.tenant_id if known else decision["tenant_id"] if decision else None
    if tenant_id is None or question.tenant_id not in (None, tenant_id):
        raise UnknownCommandError(_describe_missing(question, command_key))
    events = _read_events(question, decision, known)
    causes = known.cause_event_ids if decision is None and known else (decision or {}).get("cause_event_id", ())
    cause_ids = (causes,) if isinstance(causes, str) else causes
    reason_event = events.get((decision or {}).get("reason_event_id") or "")
    is_consent = decision is not None and decision["reason"] in (None, "opted_out") and reason_event is not None
    outcome = question.published.outcome(command_key)
    return CommandExplanation(
        command_key=command_key,
        tenant_id=tenant_id,
        command_type=known.command_type if known else (decision or {})["command_type"],
        contact_id=known.contact_id if known else (decision or {})["contact_id"],
        summary=_summarise(decision, known, zone=_zone_of(question, tenant_id)),
        rule=_read_rule(decision, known, tenant=question.tenants.get(tenant_id)),
        decision=read_decision(decision, known) if decision else None,
        causes=tuple(EventRead.model_validate(events[each]) for each in cause_ids if each in events),
        reason_event=None if is_consent or reason_event is None else EventRead.model_validate(reason_event),
        guards=GuardsRead(
            consent=describe_consent(decision, has_event=is_consent),
            quiet_hours=describe_quiet_hours(known, tenant=question.tenants.get(tenant_id), now=question.now),
        ),
        consent=_read_consent(decision, reason_event) if is_consent and decision else None,
        content=_read_content(question, decision, known, tenant_id=tenant_id),
        delivery=DeliveryRead.model_validate(known) if known else None,
        outcome=OutcomeRead.model_validate(outcome) if outcome else None,
        lag_events=count_lag_events(question.published, question.log),
    )


def read_decision(decision: Row, known: KnownCommand | None) -> DecisionRead:
    """Return a row of fct_decisions in words, with where it stands in the outbox."""
    values = {name: decision[name] for name in DecisionRead.model_fields if name in decision}
    state = known.state if known else None
    return DecisionRead(**values, words=describe_decision(decision, state), state=state)


def count_lag_events(published: Published, log: EventLog) -> int:
    """Return how many positions of the log the published decisions are behind."""
    return max(0, log.last_sequence() - published.modelled_sequence())


def _describe_missing(question: WhyQuestion, command_key: str) -> str:
    similar = question.published.similar_keys(command_key, tenant_id=question.tenant_id)
    remedy = f"did you mean {' or '.join(similar)}?" if similar else "`frontdesk outbox list` shows the keys"
    return f"no command has the key {command_key}; {remedy}"


def _read_events(question: WhyQuestion, decision: Row | None, known: KnownCommand | None) -> dict[str, Event]:
    ids = {*(known.cause_event_ids if known else ())}
    if decision:
        ids |= {decision["cause_event_id"], decision["reason_event_id"]} - {None}
    return question.log.read_by_id(ids)


def _zone_of(question: WhyQuestion, tenant_id: str) -> str:
    tenant = question.tenants.get(tenant_id)
    return tenant.zone if tenant else "UTC"


def _summarise(decision: Row | None, known: KnownCommand | None, *, zone: str) -> str:
    if known:
        return f"{describe_delivery(known, zone=zone)}."
    if decision and decision["verdict"] == "intended" and not decision["stopped_by"]:
        return (
            "Approved to send, but not in the outbox: its event arrived after it had expired on "
            f"{format_on_clock(decision['expires_at'], zone)}, or is still being processed."
        )
    sentence = describe_decision(decision, None) if decision else "not decided"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _read_rule(decision: Row | None, known: KnownCommand | None, *, tenant: RuledBusiness | None) -> RuleRead:
    rule_id = known.rule_id if known else (decision or {})["rule_id"]
    version = known.rule_version if known else str((decision or {})["rule_version"])
    if rule_id in (None, MANUAL):
        return RuleRead(rule_id=None, version=None, version_now=None, is_changed=False)
    now = next((rule.version for rule in tenant.rules if rule.id == rule_id), None) if tenant else None
    return RuleRead(rule_id=rule_id, version=version, version_now=now, is_changed=str(now) != version)


def _read_consent(decision: Row, event: Event | None) -> ConsentRead:
    is_granted = decision["reason"] is None
    return ConsentRead(
        is_granted=is_granted,
        evidence=None if is_granted else decision["reason_detail"],
        event=EventRead.model_validate(event) if event else None,
    )


def _read_content(
    question: WhyQuestion, decision: Row | None, known: KnownCommand | None, *, tenant_id: str
) -> ContentRead | None:
    if known:
        # A guard's refusal is told with the number of the attempt that would have come next.
        ids = [
            outcome_event_id(known.command_key, attempt_number=number, ending=outcome)
            for number in range(1, known.attempts_count + 2)
            for outcome in _OUTCOMES
        ]
        outcomes = question.log.read_by_source_ids(tenant_id, FRONTDESK_SOURCE, ids)
        content = read_outcome_content(outcomes[-1]) if outcomes else None
        if content and (content.text or content.subject):
            return content
    tenant = question.tenants.get(tenant_id)
    if tenant is None:
        return None
    command_type = known.command_type if known else (decision or {})["command_type"]
    payload = known.payload if known else orjson.loads((decision or {})["payload"])
    return compose_content_now(command_type, payload, tenant=tenant)
