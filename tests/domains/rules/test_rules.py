"""Rules: how each form is read, and the rule sets of the six businesses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdesk.domains.rules.rule import CreateTask, Rule, SendText
from frontdesk.domains.sending.default_templates import DEFAULT_TEMPLATES
from frontdesk.domains.sending.sms_segments import measure_sms, price_sms
from frontdesk.domains.tenancy.tenant import load_tenant, load_tenants
from tests.domains.rules.tenant_files import write_tenant

TENANTS = load_tenants(Path(__file__).parents[3] / "tenants")
_RULE: dict[str, Any] = {"id": "mine", "when": "booking.confirmed", "do": {"send_sms": "hello"}, "class": "marketing"}


@pytest.mark.parametrize(
    ("due", "anchor", "offset"),
    [
        ("immediately", "fact", timedelta(0)),
        ({"after": "4h"}, "fact", timedelta(hours=4)),
        ({"before": "48h"}, "booking_start", timedelta(hours=-48)),
        ({"before": "30m", "of": "booking_start"}, "booking_start", timedelta(minutes=-30)),
        ({"after": "7d", "of": "booking_start"}, "booking_start", timedelta(days=7)),
    ],
)
def test_the_forms_of_due(due: object, anchor: str, offset: timedelta) -> None:
    rule = Rule.model_validate({**_RULE, "due": due})

    assert (rule.due.anchor, rule.due.offset) == (anchor, offset)


def test_short_forms_and_what_is_assumed() -> None:
    rule = Rule.model_validate(
        {**_RULE, "unless": {"happened": {"booking.cancelled": "booking"}, "booking_is": "no_show"}}
    )

    assert rule.when == ("booking.confirmed",)
    assert rule.due.offset == timedelta(0)
    assert rule.unless.happened == {"booking.cancelled": ("booking",)}
    assert rule.unless.booking_is == ("no_show",)
    assert list(rule.do.listed()) == [("send_sms", SendText(template="hello"))]
    assert (rule.version, rule.once_per, rule.holdout_percent, rule.is_shadow) == (1, "fact", 0, False)
    assert rule.message_class == "marketing"


def test_a_rule_does_each_kind_of_command_at_most_once() -> None:
    do = {
        "call_webhook": {"endpoint": "floor"},
        "sync_record": {"target": "zoho", "record": "contact"},
        "create_task": {"kind": "call", "title": "Call", "due": "2h"},
        "send_email": {"template": "hello"},
        "send_sms": "hello",
    }

    actions = dict(Rule.model_validate({**_RULE, "do": do}).do.listed())

    assert list(actions) == ["send_sms", "send_email", "create_task", "sync_record", "call_webhook"]
    assert actions["create_task"] == CreateTask(kind="call", title="Call", due=timedelta(hours=2))


def test_a_rule_that_was_written_out_reads_the_same() -> None:
    rule = Rule.model_validate(
        {**_RULE, "due": {"before": "48h"}, "do": {"create_task": {"kind": "a", "title": "b", "due": "1d"}}}
    )

    assert Rule.model_validate(rule.model_dump(by_alias=True)) == rule
    assert Rule.model_validate_json(rule.model_dump_json(by_alias=True)) == rule


def test_a_condition_that_asks_for_a_field_lets_the_text_show_it(tmp_path: Path) -> None:
    text = "templates: {sms: {mine: '{{ contact.company }}, {{ booking.starts_at | date }}'}}\n"
    rule = (
        "rules:\n  - {id: mine, when: booking.confirmed, due: {before: 1h}, do: {send_sms: mine}, class: marketing,\n"
        "     only_if: [{field: contact.company, operator: is_set}]}\n"
    )

    assert [found.id for found in load_tenant(write_tenant(tmp_path, text + rule)).rules] == ["mine"]


#: No document has them: what staff has to look after in any business.
_OF_EVERY_BUSINESS = {"refund_failed", "payment_disputed", "did_they_mean_stop", "did_they_mean_cancel"}
_EXPECTED = {
    "avatar-imaging": {
        "booking_confirmation", "welcome_call", "reminder_48h", "reminder_24h", "reminder_2h", "no_response_4h",
        "recall_due", "dormant_lead", "text_unanswered_4h", "waitlist_offer",
    },
    "hmnp": {
        "booking_confirmation", "reminder_24h", "reminder_2h", "crm_contact", "remote_session", "calendar_event",
        "calendar_event_removed", "text_unanswered_4h",
    },
    "joes-auto-spa": {
        "booking_confirmation", "day_before_reminder", "on_the_way", "payment_reminder_7d", "payment_reminder_14d",
        "calendar_event", "calendar_event_removed", "text_unanswered_4h",
    },
    "mikes-detailing": {
        "booking_confirmation", "day_before_reminder", "on_the_way", "payment_reminder_7d", "payment_reminder_14d",
        "calendar_event", "calendar_event_removed", "text_unanswered_4h",
    },
    "noizylab": {
        "repair_received", "repair_diagnosing", "repair_awaiting_parts", "repair_in_repair", "repair_completed",
        "repair_paid", "repair_shipped", "repair_completed_on_board", "repair_paid_on_board", "repair_invoice",
        "text_unanswered_4h",
    },
    "technifold": {
        "zoho_sync_customer", "zoho_sync_order", "order_confirmation", "order_cancelled", "form_follow_up",
        "reorder_offer",
    },
}  # fmt: skip


@pytest.mark.parametrize("slug", _EXPECTED)
def test_each_business_has_the_rules_of_its_document(slug: str) -> None:
    assert {rule.id for rule in TENANTS[slug].rules} - _OF_EVERY_BUSINESS == _EXPECTED[slug]


@pytest.mark.parametrize("slug", _EXPECTED)
def test_each_business_is_told_of_money_that_comes_back(slug: str) -> None:
    assert {"refund_failed", "payment_disputed"} <= {rule.id for rule in TENANTS[slug].rules}


@pytest.mark.parametrize(
    ("slug", "rule_id", "anchor", "offset"),
    [
        ("avatar-imaging", "reminder_48h", "booking_start", timedelta(hours=-48)),
        ("avatar-imaging", "reminder_24h", "booking_start", timedelta(hours=-24)),
        ("avatar-imaging", "reminder_2h", "booking_start", timedelta(hours=-2)),
        ("avatar-imaging", "no_response_4h", "fact", timedelta(hours=4)),
        ("hmnp", "reminder_24h", "booking_start", timedelta(hours=-24)),
        ("hmnp", "reminder_2h", "booking_start", timedelta(hours=-2)),
        ("joes-auto-spa", "payment_reminder_7d", "fact", timedelta(days=7)),
        ("mikes-detailing", "payment_reminder_14d", "fact", timedelta(days=14)),
        ("noizylab", "repair_received", "fact", timedelta(0)),
    ],
)
def test_times_are_those_of_the_documents(slug: str, rule_id: str, anchor: str, offset: timedelta) -> None:
    (rule,) = (rule for rule in TENANTS[slug].rules if rule.id == rule_id)

    assert (rule.due.anchor, rule.due.offset) == (anchor, offset)


def test_every_step_of_a_repair_has_its_text_and_its_e_mail() -> None:
    stages = {stage.key for stage in TENANTS["noizylab"].pipelines[0].stages}
    rules = [rule for rule in TENANTS["noizylab"].rules if rule.do.send_sms and rule.do.send_email]
    told = {rule.id.removeprefix("repair_") for rule in rules if not rule.id.endswith("_on_board")}

    assert told == stages - {"cancelled"}
    moves = [rule for rule in TENANTS["noizylab"].rules if rule.when == ("stage.changed",)]
    assert {condition.value for rule in moves for condition in rule.only_if if condition.field == "fact.detail"} == (
        stages - {"received", "cancelled"}
    ), "staff can move a repair into each of them, and the customer is told"


@pytest.mark.parametrize("slug", [slug for slug in _EXPECTED if TENANTS[slug].sms_prices])
def test_no_business_writes_a_text_that_needs_costly_characters(slug: str) -> None:
    tenant = TENANTS[slug]
    assert tenant.sms_prices is not None
    for template_id, text in tenant.all_templates().sms.items():
        size = measure_sms(text)
        assert size.encoding == "GSM-7", template_id
        assert price_sms(size, recipient=tenant.phone or "", prices=tenant.sms_prices), template_id


def test_every_shared_template_is_used_by_some_business() -> None:
    actions = [rule.do for tenant in TENANTS.values() for rule in tenant.rules]

    assert set(DEFAULT_TEMPLATES.sms) <= {do.send_sms.template for do in actions if do.send_sms}
    assert set(DEFAULT_TEMPLATES.email) <= {do.send_email.template for do in actions if do.send_email}


@pytest.mark.parametrize("slug", _EXPECTED)
def test_every_template_of_a_business_is_used_by_a_rule(slug: str) -> None:
    actions = [rule.do for rule in TENANTS[slug].rules]
    templates = TENANTS[slug].templates

    assert set(templates.sms) <= {do.send_sms.template for do in actions if do.send_sms}
    assert set(templates.email) <= {do.send_email.template for do in actions if do.send_email}
