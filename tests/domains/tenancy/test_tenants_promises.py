"""What the businesses' files let out: no text promises what nothing does, and what waits for a sender is shadow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frontdesk.domains.tenancy.tenant import Tenant, load_tenants
from tests.ledger_check import _PROMISES

TENANTS = load_tenants(Path(__file__).parents[3] / "tenants")


@pytest.mark.parametrize("tenant", TENANTS.values(), ids=list(TENANTS))
def test_no_text_promises_what_nothing_does(tenant: Tenant) -> None:
    templates = tenant.all_templates()
    texts = [*templates.sms.values(), *(f"{mail.subject} {mail.text}" for mail in templates.email.values())]
    assert [text for text in texts if _PROMISES.search(text)] == []


@pytest.mark.parametrize("tenant", TENANTS.values(), ids=list(TENANTS))
def test_what_waits_for_a_sender_is_shadow(tenant: Tenant) -> None:
    waiting = [rule.id for rule in tenant.rules if rule.do.sync_record is not None and not rule.is_shadow]
    assert waiting == []


@pytest.mark.parametrize("tenant", TENANTS.values(), ids=list(TENANTS))
def test_no_reminder_says_its_rule_s_name_for_the_time_that_is_left(tenant: Tenant) -> None:
    left = re.compile(r"\b(today|tomorrow|in \d+ (hours|minutes|days)|\d+ ?h)\b", re.IGNORECASE)
    assert [text for text in tenant.all_templates().sms.values() if left.search(text)] == []
