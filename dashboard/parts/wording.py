"""Rules, reasons and states in words staff use; pure, so that the words can be tested. All of it is Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from dashboard.parts.formatting import escape_markdown, format_quantity, format_when, format_words
from frontdesk.core.durations import format_duration as format_exact
from frontdesk.domains.rules.verdict_words import OPERATORS, REASONS
from frontdesk.domains.sending.outbox.commands import MANUAL, CommandState, report_of

CHANNELS = {
    "sms": "Texts",
    "email": "E-mails",
    "task": "Tasks",
    "webhook": "Webhooks",
    "sync": "Records",
    "whatsapp": "WhatsApp",
    "chat": "Chat",
}
CHANNEL_ICONS = {"sms": "sms", "email": "mail", "task": "task_alt", "webhook": "webhook", "sync": "sync"}
_DOING = {
    "send_sms": "send the text",
    "send_email": "send the e-mail",
    "create_task": "open a task",
    "sync_record": "update a record elsewhere",
    "call_webhook": "call a webhook",
}
#: The least score, its colour and its word; the models' own words (macro warmness_words).
_WARMNESS = ((75, "red", "Hot"), (40, "orange", "Warm"), (15, "blue", "Cool"), (0, "gray", "Cold"))
_UNITS = {"d": "day", "h": "hour", "m": "minute"}
_OPT_OUT_CHANNELS = {"email": "e-mails", "whatsapp": "WhatsApp", "call": "calls"}
_SCOPES = {"contact": "by the same contact", "booking": "of the same booking", "entity": "of the same one"}
_STATES = {
    CommandState.WAITING: ("gray", "schedule", "Waiting"),
    CommandState.CLAIMED: ("blue", "sync", "Being sent"),
    CommandState.CALLING: ("blue", "sync", "Being sent"),
    CommandState.SENT: ("green", "check", "Sent"),
    CommandState.DEAD: ("red", "error", "Failed"),
    CommandState.UNCERTAIN: ("orange", "help", "Not confirmed"),
    CommandState.CANCELLED: ("gray", "block", "Cancelled"),
    CommandState.WITHDRAWN: ("gray", "block", "Withdrawn"),
    CommandState.SUPPRESSED: ("violet", "shield", "Not sent"),
}
_OUTCOMES = {
    "delivered": ("green", "done_all", "Delivered"),
    "done": ("green", "check", "Done"),
    "undelivered": ("red", "error", "Not delivered"),
    "failed": ("red", "error", "Failed"),
    "suppressed": ("violet", "shield", "Not sent"),
    "uncertain": ("orange", "help", "Not confirmed"),
}
_VERDICTS = {
    "intended": ("green", "check_circle", "Approved to send"),
    "refused": ("violet", "block", "Skipped"),
    "shadow": ("gray", "visibility", "Shadow: decided, not sent"),
    "held_out": ("gray", "science", "Held out to measure"),
}


def name_rule(rule_id: str | None) -> str:
    """Return a rule's name as words; what staff asked for is by hand."""
    return "By staff" if rule_id in (None, MANUAL) else escape_markdown(format_words(rule_id))


def name_origin(rule_id: str | None, payload: Mapping[str, Any]) -> str:
    """Return what a command of the outbox is for, as words: its rule's name, or the report that it sends."""
    return "Report" if report_of(payload) else name_rule(rule_id)


def badge(colour: str, icon: str, label: str) -> str:
    """Return a coloured badge."""
    return f":{colour}-badge[:material/{icon}: {escape_markdown(label)}]"


def describe_state(state: CommandState) -> str:
    """Return a command's state in the outbox as a badge."""
    return badge(*_STATES[state])


def describe_outcome(outcome: str | None) -> str:
    """Return what became of a command as a badge; what has no outcome waits."""
    return badge(*_OUTCOMES.get(outcome or "", _STATES[CommandState.WAITING]))


def describe_verdict(verdict: str) -> str:
    """Return what was decided as a badge."""
    return badge(*_VERDICTS.get(verdict, ("gray", "help", format_words(verdict))))


def describe_reason(reason: str | None) -> str:
    """Return why a rule refused, as it reads after a colon."""
    return escape_markdown(REASONS.get(reason or "", format_words(reason).lower()))


def link_to_command(tenant_id: str, command_key: str) -> str:
    """Return the address of a command's page."""
    # Markdown ends an address at a closing parenthesis, which urlencode writes as %29.
    return f"outbox?{urlencode({'tenant': tenant_id, 'command': command_key})}"


def describe_rule(rule: Any) -> str:
    """Return a row of dim_rules as one sentence: when .. after .. unless .. do .."""
    parts = [f"When **{_one_of(rule.fact_types)}**{_moment(rule)}"]
    if conditions := [_condition(each) for each in json.loads(rule.conditions or "[]")]:
        parts.append(f"if {' and '.join(conditions)}")
    if cancelling := [*_happenings(rule), *_states(rule)]:
        parts.append(f"unless {' or '.join(cancelling)}")
    sentence = ", ".join(parts) + f": **{_actions(rule)}**"
    once = "" if rule.once_per == "fact" else f", once per {escape_markdown(rule.once_per)}"
    return f"{sentence}{once}."


def _one_of(types: Iterable[str]) -> str:
    return " or ".join(escape_markdown(format_words(name).lower()) for name in types)


def _moment(rule: Any) -> str:
    seconds = int(rule.offset_seconds or 0)
    if not seconds and rule.anchor == "fact":
        return ""
    length = _length(timedelta(seconds=abs(seconds)))
    if rule.anchor == "fact":
        return f", **{length} later**"
    return f", **{length} {'before' if seconds < 0 else 'after'} the booking starts**"


def _length(duration: timedelta) -> str:
    exact = format_exact(duration)
    return format_quantity(int(exact[:-1]), _UNITS[exact[-1]])


def _condition(condition: dict[str, Any]) -> str:
    group, _, field = condition["field"].partition(".")
    named = (
        f"number of {field.removeprefix('count_')}" if field.startswith("count_") else field.removesuffix("_minor")
    )
    subject = f"the {group}'s {format_words(named).lower()}"
    expected = ", ".join(condition.get("expected") or ())
    words = [subject, OPERATORS.get(condition["operator"], condition["operator"]), expected]
    return escape_markdown(" ".join(word for word in words if word))


def _happenings(rule: Any) -> list[str]:
    scopes: dict[str, list[str]] = {}
    for each in json.loads(rule.unless_happened or "[]"):
        scopes.setdefault(each["fact_type"], []).append(_SCOPES.get(each["scope"], each["scope"]))
    return [
        f"{escape_markdown(format_words(fact).lower())} ({escape_markdown(' or '.join(of))})"
        for fact, of in scopes.items()
    ]


def _states(rule: Any) -> list[str]:
    states = list(rule.booking_states) if rule.booking_states is not None else []
    named = " or ".join(escape_markdown(format_words(each).lower()) for each in states)
    return [f"the booking is {named}"] if states else []


def _actions(rule: Any) -> str:
    templates = sorted(set(rule.templates)) if rule.templates is not None else []
    doing = [_DOING.get(name, format_words(name).lower()) for name in rule.command_types]
    named = f" ({escape_markdown(', '.join(format_words(name).lower() for name in templates))})" if templates else ""
    return " and ".join(doing) + named


#: In place of how warm a contact is.
OPTED_OUT = ":red-badge[:material/block: Opted out of texts]"


def forbids_texts(channel: str) -> bool:
    """Return whether an opt-out of this channel is one of texts."""
    return channel in ("sms", "all")


def describe_opt_out(channel: str, opt_out: Any, zone: str, *, now: datetime) -> str:
    """Return since when and why a channel is closed (`changed_at`, `evidence`), as what it means for staff."""
    when = escape_markdown(format_when(opt_out.changed_at, zone, now=now))
    how, _, words = str(opt_out.evidence or "").partition(": ")
    if forbids_texts(channel):
        headline = f"Replied {escape_markdown(words)}" if how == "text" and words else "Opted out of texts"
        return f"**{headline}** {when}. You can't text them unless they reply START."
    named = _OPT_OUT_CHANNELS.get(channel, format_words(channel))
    return f"**Opted out of {escape_markdown(named)}** {when}. Only they can take that back."


def describe_warmness(score: float | None) -> str:
    """Return a score of 0 to 100 as a badge in the words that the models use, such as `Warm 74`."""
    if score is None:
        return ":gray-badge[Cold 0]"
    colour, word = next((colour, word) for least, colour, word in _WARMNESS if score >= least)
    return f":{colour}-badge[{word} {score:.0f}]"
