"""Checks a tenant's rules against what they speak of: fields, templates, variables, channels, targets, loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from frontdesk.connectors.descriptor import descriptors, senders
from frontdesk.core.tenant.files import Problem
from frontdesk.domains.rules.conditions import find_problem
from frontdesk.domains.rules.loops import find_loops
from frontdesk.domains.rules.rule import CallWebhook, CreateTask, Rule, SendText, SyncRecord
from frontdesk.domains.rules.variables import find_wrong_variables
from frontdesk.domains.rules.vocabulary import BUSINESS_FIELDS, Field, about_booking, offered_fields, suggest
from frontdesk.domains.sending.outbox.commands import MANUAL
from frontdesk.domains.sending.templates import EmailTemplate, Templates, read_template


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What of a tenant's file its rules can refer to; templates include the shared ones."""

    templates: Templates
    sources: tuple[str, ...]
    endpoints: tuple[str, ...]


def find_problems(rules: Sequence[Rule], surroundings: Surroundings) -> Iterator[Problem]:
    """Yield every problem of a tenant's rules; paths begin with "rules" and the rule's index."""
    ids = [rule.id for rule in rules]
    for index, rule in enumerate(rules):
        if rule.id == MANUAL:
            message = f"is {MANUAL!r}, which stands for what staff asks for by hand; give it another id"
            yield Problem(path=("rules", index, "id"), message=message)
        if rule.id in ids[:index]:
            message = f"is {rule.id!r}, the id of an earlier rule; commands are kept by it, so give it one of its own"
            yield Problem(path=("rules", index, "id"), message=message)
        for path, message in _find_in_rule(rule, surroundings):
            yield Problem(path=("rules", index, *path), message=message)
    for index, way in find_loops(rules):
        message = (
            f"causes itself: {' -> '.join(way)}; wait for another fact, "
            "or add a condition on fact.source or fact.channel that lets its own effect not through"
        )
        yield Problem(path=("rules", index, "do"), message=message)


_Found = tuple[tuple[str | int, ...], str]


def _find_in_rule(rule: Rule, surroundings: Surroundings) -> Iterator[_Found]:
    fields = offered_fields(rule.when)
    yield from _find_in_times(rule)
    yield from _find_in_unless(rule)
    for index, condition in enumerate(rule.only_if):
        problem = find_problem(condition, fields)
        if problem:
            key, message = problem
            yield ("only_if", index, key), message
    for command_type, action in rule.do.listed():
        path = ("do", command_type)
        match action:
            case SendText():
                found = _find_in_text(rule, action, command_type == "send_sms", fields, surroundings)
            case CreateTask():
                found = _find_in_words(rule, {"title": action.title}, fields)
            case SyncRecord():
                found = _find_in_sync(action, surroundings)
            case CallWebhook():
                found = _find_in_call(action, surroundings)
        yield from (((*path, *steps), message) for steps, message in found)


def _find_in_times(rule: Rule) -> Iterator[_Found]:
    share = about_booking(rule.when)
    if rule.due.anchor == "booking_start" and share != "always":
        yield ("due",), f"counts from a booking's start, but {_strangers(rule)}; wait for facts of bookings"
    if rule.once_per in ("booking", "guest") and share == "never":
        yield ("once_per",), f"is {rule.once_per!r}, but {_strangers(rule)}; use one of fact, entity, contact"


def _find_in_unless(rule: Rule) -> Iterator[_Found]:
    if rule.unless.booking_is and about_booking(rule.when) == "never":
        yield ("unless", "booking_is"), f"is about a booking, but {_strangers(rule)}; wait for facts of bookings"
    families = {fact.split(".", 1)[0] for fact in rule.when}
    for fact, scopes in rule.unless.happened.items():
        path = ("unless", "happened", fact)
        if rule.due.anchor == "fact" and not rule.due.offset:
            yield path, "can never happen between cause and due time, as it is due immediately; add after to due"
        if "booking" in scopes and about_booking((*rule.when, fact)) == "never":
            yield path, "is 'booking', but not every fact here is about one; use contact"
        if scopes == ("entity",) and families != {fact.split(".", 1)[0]}:
            kinds = ", ".join(sorted(families))
            yield path, f"is 'entity', but the rule waits for {kinds}, which is another kind of entity; use contact"


def _strangers(rule: Rule) -> str:
    strangers = [fact for fact in rule.when if about_booking([fact]) != "always"]
    return f"{', '.join(strangers)} may be about none"


def _find_in_text(
    rule: Rule, action: SendText, is_sms: bool, fields: Mapping[str, Field], surroundings: Surroundings
) -> Iterator[_Found]:
    if is_sms and not set(surroundings.sources) & set(senders("sms")):
        yield (), f"no source of this tenant sends texts; add one of {', '.join(senders('sms'))} to sources"
    templates = surroundings.templates
    known = templates.sms if is_sms else templates.email
    template: str | EmailTemplate | None = known.get(action.template)
    if template is None:
        channel = "sms" if is_sms else "email"
        remedy = suggest(action.template, tuple(known))
        yield ("template",), f"is {action.template!r}; no such template under templates.{channel}; {remedy}"
        return
    parts = {"": template} if isinstance(template, str) else {"subject": template.subject, "text": template.text}
    for key, message in _find_in_words(rule, parts, fields):
        part = "".join(str(step) for step in key)
        yield ("template",), f"is {action.template!r}, whose {part or 'text'} {message}"


def _find_in_words(rule: Rule, parts: Mapping[str, str], fields: Mapping[str, Field]) -> Iterator[_Found]:
    business = {f"business.{name}": field for name, field in BUSINESS_FIELDS.items()}
    ensured = {item.field for item in rule.only_if if item.operator != "is_not_set"}
    if rule.due.anchor == "booking_start":
        ensured.add("booking.starts_at")
    for key, source in parts.items():
        for message in find_wrong_variables(read_template(source), {**fields, **business}, ensured=ensured):
            yield (key,), message


def _find_in_sync(action: SyncRecord, surroundings: Surroundings) -> Iterator[_Found]:
    targets = tuple(
        name for name, each in descriptors().items() if each.sync_targets and name in surroundings.sources
    )
    if action.target not in targets:
        names = ", ".join(targets) or "none"
        yield ("target",), f"is {action.target!r}; use a source of this tenant that takes records: {names}"
    elif action.record not in descriptors()[action.target].sync_targets:
        takes = ", ".join(descriptors()[action.target].sync_targets)
        yield ("record",), f"is {action.record!r}; {action.target} takes {takes}"


def _find_in_call(action: CallWebhook, surroundings: Surroundings) -> Iterator[_Found]:
    if action.endpoint not in surroundings.endpoints:
        known = ", ".join(surroundings.endpoints) or "none"
        yield ("endpoint",), f"is {action.endpoint!r}; add it under endpoints, or use one that is there: {known}"
