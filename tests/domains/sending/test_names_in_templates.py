"""Every template of every business reads well with a name and without any."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from frontdesk.domains.sending.templates import read_template
from frontdesk.domains.tenancy.tenant import Tenant, read_tenants
from tests.pipelines.kept import REPOSITORY

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "booking.booking_id": "b1",
    "booking.currency": "AUD",
    "booking.price_minor": 4500,
    "booking.service_name": "Extended Hours",
    "booking.starts_at": "2026-11-21T20:00:00Z",
    "fact.amount_minor": 4500,
    "fact.currency": "AUD",
    "fact.occurred_at": "2026-11-20T20:00:00Z",
    "fact.title": "tracking AB-1",
}
NAMES = {"booking.guest_first_name", "contact.first_name"}
TENANTS = read_tenants(REPOSITORY / "tenants").tenants


def _sources(tenant: Tenant) -> dict[str, str]:
    templates = tenant.all_templates()
    sources = {f"sms {name}": source for name, source in templates.sms.items()}
    for name, email in templates.email.items():
        sources |= {f"subject {name}": email.subject, f"email {name}": email.text}
    return sources


TEMPLATES = [
    pytest.param(tenant, source, id=f"{tenant.slug} {name}")
    for tenant in TENANTS.values()
    for name, source in _sources(tenant).items()
]


def rendered(tenant: Tenant, source: str, values: dict[str, Any]) -> str:
    groups: dict[str, dict[str, Any]] = {"booking": {}, "contact": {}, "fact": {}}
    for name, value in values.items():
        group, _, field = name.partition(".")
        groups[group][field] = value
    return tenant.render_text(source, groups, now=NOW)


def _needed(source: str) -> dict[str, Any]:
    """Return the values that a template has no words without."""
    optional = {
        use.name
        for use in read_template(source)
        if use.is_tested or use.is_guarded or "default" in use.filters or use.name in NAMES
    }
    used = {use.name for use in read_template(source)}
    return {name: value for name, value in VALUES.items() if name in used - optional}


def _assert_reads_well(text: str) -> None:
    assert "  " not in text
    assert not re.search(r"[ \n][,.;:!?]", text)
    assert not re.search(r"\b(Hi|Hello|Dear)\s*[,!.]", text)
    assert not re.search(r"[,:]\s*[,:.]", text)
    assert text == text.lstrip(" ,:")


@pytest.mark.parametrize("missing", [None, ""], ids=["unknown", "empty"])
@pytest.mark.parametrize(("tenant", "source"), TEMPLATES)
def test_without_any_name_it_has_no_hole(tenant: Tenant, source: str, missing: str | None) -> None:
    nobody = dict.fromkeys(NAMES, missing)

    full, least = (rendered(tenant, source, values | nobody) for values in (VALUES, _needed(source)))

    for text in (full, least):
        _assert_reads_well(text)
        if "Hi " in source:
            assert text.startswith("Hi there,")


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize(("tenant", "source"), TEMPLATES)
def test_whoever_is_known_is_named(tenant: Tenant, source: str, name: str) -> None:
    used = {use.name for use in read_template(source)}

    text = rendered(tenant, source, VALUES | dict.fromkeys(NAMES) | {name: "Ana"})

    _assert_reads_well(text)
    assert ("Ana," in text) == (name in used)
    if "booking.guest_first_name" in used:
        assert "contact.first_name" in used  # who booked, where nobody knows who comes
