"""A small valid tenant's file, to which tests add rules and templates."""

from __future__ import annotations

from pathlib import Path

BASE = """\
slug: acme
name: Acme
industry: repairs
zone: Australia/Perth
currency: AUD
country: AU
phone_calling_code: "61"
email: desk@acme.example
hours: {}
services: [{key: repair, name: Repair, price: 89.00, duration_minutes: 60}]
pipelines: [{key: job, name: Job, stages: [{key: new, name: New}]}]
sources: [{name: twilio, secrets: [TWILIO_AUTH_TOKEN]}, {name: zoho, secrets: [ZOHO_WEBHOOK_SECRET]}]
endpoints: [{key: shop_floor, url: "https://floor.acme.example/hook", secret: ENDPOINT_SHOP_FLOOR}]
"""
#: The first line that a test adds.
FIRST_LINE = BASE.count("\n") + 1


def write_tenant(folder: Path, added: str) -> Path:
    """Write the tenant's file with these lines at its end."""
    file = folder / "acme.yaml"
    file.write_text(BASE + added, encoding="utf-8")
    return file
