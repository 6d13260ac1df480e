"""The loop guard: what a rule causes must not, by itself or through other rules, cause that rule again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frontdesk.domains.rules.rule import Condition, Rule, SyncRecord
from frontdesk.domains.rules.vocabulary import FACT_TYPES
from frontdesk.domains.tasks.facts import TASK_CREATED

#: Facts that a text or e-mail leads to without anybody's doing: mail scanners open what they check.
_OF_SENDING = tuple(f"message.{verb}" for verb in ("queued", "sending", "sent", "delivered", "failed", "read"))
_OF_EMAIL = ("email.delivered", "email.opened", "email.bounced")
#: Families that a provider tells of when a record there is changed.
_OF_SYNC = {
    "contact": ("contact.",),
    "booking": ("booking.",),
    "invoice": ("invoice.", "payment."),
    "session": ("notarization.",),
}


@dataclass(frozen=True, kw_only=True)
class _Effect:
    """A fact that a command leads to; its source and channel if they are certain."""

    fact: str
    source: str | None = None
    channel: str | None = None


def find_loops(rules: Sequence[Rule]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield, for each rule that can cause itself, its index and the ids along the way back to it.

    A condition that only lets another source or channel through ends the way: a sync of payments to Zoho on
    payment.succeeded is no loop if it asks for `fact.source` to be stripe.
    """
    next_rules = [[target for target, rule in enumerate(rules) if _causes(cause, rule)] for cause in rules]
    for start in range(len(rules)):
        way = _way_back(start, next_rules)
        if way:
            yield start, tuple(rules[index].id for index in way)


def _way_back(start: int, next_rules: Sequence[Sequence[int]]) -> list[int] | None:
    # A loop is told once, at its first rule: ways through earlier rules were told there.
    ways = [[start]]
    seen: set[int] = set()
    for way in ways:
        for target in next_rules[way[-1]]:
            if target == start:
                return [*way, start]
            if target > start and target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return None


def _causes(cause: Rule, rule: Rule) -> bool:
    return any(
        effect.fact in rule.when and not any(_excludes(condition, effect) for condition in rule.only_if)
        for effect in _effects(cause)
    )


def _effects(rule: Rule) -> Iterator[_Effect]:
    for command_type, action in rule.do.listed():
        if command_type in ("send_sms", "send_email"):
            channel = command_type.removeprefix("send_")
            yield from (_Effect(fact=fact, channel=channel) for fact in _OF_SENDING)
        if command_type == "send_email":
            yield from (_Effect(fact=fact) for fact in _OF_EMAIL)
        if command_type == "create_task":
            yield _Effect(fact=TASK_CREATED, source="frontdesk")
        if isinstance(action, SyncRecord):
            families = _OF_SYNC[action.record]
            yield from (_Effect(fact=fact, source=action.target) for fact in FACT_TYPES if fact.startswith(families))


def _excludes(condition: Condition, effect: _Effect) -> bool:
    known = {"fact.source": effect.source, "fact.channel": effect.channel}.get(condition.field)
    if known is None:
        return False
    match condition.operator:
        case "equals":
            return bool(condition.value != known)
        case "not_equals":
            return bool(condition.value == known)
        case "one_of":
            return known not in condition.value
        case "none_of":
            return known in condition.value
        case _:
            return False
