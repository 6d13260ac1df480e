"""The loop guard: rules that would cause themselves are refused, and those whose conditions end the way are not."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.domains.rules.loops import find_loops
from frontdesk.domains.rules.rule import Rule

_TASK = {"create_task": {"kind": "call", "title": "Call"}}
_SMS = {"send_sms": "any"}
_EMAIL = {"send_email": "any"}


def _rule(rule_id: str, when: str, do: dict[str, Any], **more: Any) -> Rule:
    return Rule.model_validate({"id": rule_id, "when": when, "do": do, "class": "transactional", **more})


def _only(field: str, value: object, operator: str = "equals") -> list[dict[str, object]]:
    return [{"field": field, "operator": operator, "value": value}]


@pytest.mark.parametrize(
    ("when", "do"),
    [
        ("task.created", _TASK),
        ("message.sent", _SMS),
        ("message.failed", _EMAIL),
        ("email.opened", _EMAIL),
        ("contact.updated", {"sync_record": {"target": "zoho", "record": "contact"}}),
        ("payment.succeeded", {"sync_record": {"target": "zoho", "record": "invoice"}}),
        ("booking.confirmed", {"sync_record": {"target": "google-calendar", "record": "booking"}}),
        ("notarization.completed", {"sync_record": {"target": "proof", "record": "session"}}),
    ],
)
def test_a_rule_that_causes_its_own_fact_is_a_loop(when: str, do: dict[str, Any]) -> None:
    assert list(find_loops([_rule("a", when, do)])) == [(0, ("a", "a"))]


@pytest.mark.parametrize(
    ("when", "do"),
    [
        ("message.received", _SMS),
        ("task.completed", _TASK),
        ("email.opened", _SMS),
        ("email.clicked", _EMAIL),
        ("booking.confirmed", {"sync_record": {"target": "gohighlevel", "record": "contact"}}),
        ("booking.confirmed", {"call_webhook": {"endpoint": "any"}}),
    ],
)
def test_what_people_do_is_no_effect_of_a_command(when: str, do: dict[str, Any]) -> None:
    assert list(find_loops([_rule("a", when, do)])) == []


def test_a_loop_through_other_rules_is_told_once_with_its_way() -> None:
    rules = [
        _rule("aside", "lead.created", _SMS),
        _rule("a", "task.created", _SMS),
        _rule("b", "message.failed", _EMAIL, only_if=_only("fact.channel", "sms")),
        _rule("c", "message.failed", _TASK, only_if=_only("fact.channel", "email")),
    ]

    assert list(find_loops(rules)) == [(1, ("a", "b", "c", "a"))]


def test_rules_in_a_row_are_no_loop() -> None:
    rules = [_rule("c", "message.failed", _TASK), _rule("a", "booking.confirmed", _SMS)]

    assert list(find_loops(rules)) == []


@pytest.mark.parametrize(
    ("condition", "is_loop"),
    [
        (_only("fact.source", "stripe"), False),
        (_only("fact.source", "zoho"), True),
        (_only("fact.source", "zoho", "not_equals"), False),
        (_only("fact.source", "stripe", "not_equals"), True),
        (_only("fact.source", ["stripe"], "one_of"), False),
        (_only("fact.source", ["stripe", "zoho"], "one_of"), True),
        (_only("fact.source", ["zoho"], "none_of"), False),
        (_only("fact.source", ["stripe"], "none_of"), True),
        (_only("fact.source", "oh", "contains"), True),
        (_only("contact.email", "a@b.example"), True),
    ],
)
def test_a_condition_ends_a_loop_only_where_it_surely_does(condition: list[dict[str, object]], is_loop: bool) -> None:
    rule = _rule(
        "a", "payment.succeeded", {"sync_record": {"target": "zoho", "record": "invoice"}}, only_if=condition
    )

    assert bool(list(find_loops([rule]))) is is_loop
