"""What staff are about to send, in words and figures; and rules as sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.parts import drafts
from dashboard.parts.wording import describe_rule, link_to_command
from frontdesk.domains.tenancy.tenant import Tenant, load_tenant
from tests.dashboard.receivers import TENANTS

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return load_tenant(TENANTS / "harbour-massage.yaml")


PHONE = "+61400000001"


def consent(
    *, hours: int, is_granted: bool, channel: str = "sms", purpose: str = "all", address: str | None = PHONE
) -> Any:
    return SimpleNamespace(
        address=address,
        channel=channel,
        purpose=purpose,
        is_granted=is_granted,
        evidence="by text",
        changed_at=NOW + timedelta(hours=hours),
    )


@pytest.mark.parametrize(
    ("consents", "is_refused"),
    [
        ([], False),
        ([consent(hours=0, is_granted=False)], True),
        ([consent(hours=0, is_granted=False), consent(hours=1, is_granted=True)], False),
        ([consent(hours=0, is_granted=True), consent(hours=0, is_granted=False)], True),
        ([consent(hours=0, is_granted=False, channel="email")], False),
        ([consent(hours=0, is_granted=False, channel="all")], True),
        ([consent(hours=0, is_granted=False, purpose="marketing")], False),
        ([consent(hours=0, is_granted=False, purpose="transactional")], True),
        ([consent(hours=0, is_granted=False, address="+61400000002")], False),
        ([consent(hours=0, is_granted=False), consent(hours=1, is_granted=True, address="+61400000002")], True),
        ([consent(hours=0, is_granted=False, address=None)], True),
        ([consent(hours=0, is_granted=False), consent(hours=1, is_granted=True, address=None)], True),
        ([consent(hours=0, is_granted=False, address=None), consent(hours=1, is_granted=True)], False),
    ],
)
def test_the_last_word_on_this_channel_decides(consents: list[Any], is_refused: bool) -> None:
    assert (drafts.find_objection(consents, channel="sms", address=PHONE) is not None) == is_refused


def test_a_price_that_is_not_in_the_file_is_not_called_free(tenant: Tenant) -> None:
    assert drafts.find_sms_rates(tenant, recipient="+61412345678").price_micros == 51_500
    assert drafts.find_sms_rates(tenant, recipient="+4930123").price_micros is None
    assert drafts.find_sms_rates(None, recipient="+61412345678").price_micros is None


def test_templates_that_lack_a_value_are_not_offered(tenant: Tenant) -> None:
    contact = {"first_name": "Anna", "display_name": "Anna Lind"}
    without = drafts.offer_drafts(tenant, channel="sms", contact=contact, booking=None)
    booking = {"starts_at": NOW, "service_name": "Massage"}
    with_booking = drafts.offer_drafts(tenant, channel="sms", contact=contact, booking=booking)

    assert without["come_back"].text.startswith("Anna, time")
    assert "reminder_24h" not in without
    assert (
        with_booking["reminder_24h"].text
        == "Harbour Massage: Anna, see you on Sat 21 Nov at 10:00 am for your Massage."
    )


def test_an_e_mail_has_its_subject(tenant: Tenant) -> None:
    offered = drafts.offer_drafts(tenant, channel="email", contact={}, booking=None)
    assert offered["booking_confirmation"].subject == "Your booking with Harbour Massage"


def rule(**changes: Any) -> Any:
    columns: dict[str, Any] = {
        "fact_types": ["booking.confirmed"],
        "anchor": "fact",
        "offset_seconds": 0,
        "once_per": "fact",
        "booking_states": [],
        "unless_happened": "[]",
        "conditions": "[]",
        "command_types": ["send_sms"],
        "templates": ["thanks"],
    }
    return SimpleNamespace(**{**columns, **changes})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "When **booking confirmed**: **send the text (thanks)**."),
        (
            {"anchor": "booking_start", "offset_seconds": -7200, "booking_states": ["cancelled", "no_show"]},
            (
                "When **booking confirmed**, **2 hours before the booking starts**, "
                "unless the booking is cancelled or no\\-show: **send the text (thanks)**."
            ),
        ),
        (
            {
                "offset_seconds": 5_184_000,
                "once_per": "contact",
                "unless_happened": '[{"fact_type": "booking.created", "scope": "contact"}]',
                "conditions": '[{"field": "contact.count_bookings", "operator": "at_least", "expected": ["2"]}]',
            },
            (
                "When **booking confirmed**, **60 days later**, if the contact\\'s number of bookings is at least 2, "
                "unless booking created (by the same contact): **send the text (thanks)**, once per contact."
            ),
        ),
        (
            {"command_types": ["create_task", "send_email"], "templates": []},
            "When **booking confirmed**: **open a task and send the e-mail**.",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert describe_rule(rule(**changes)) == sentence


def test_a_link_to_a_command_keeps_its_key_whole() -> None:
    assert link_to_command("a", "a/r/send_sms/booking:b)@2026") == (
        "outbox?tenant=a&command=a%2Fr%2Fsend_sms%2Fbooking%3Ab%29%402026"
    )
