"""The demo's secrets: made once, kept private, and handed on under the names that Frontdesk reads."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sandbox.businesses import Business
from sandbox.secrets import SECRETS_FILE, TenantSecrets, environment, load_or_make_secrets


def test_the_file_is_its_owners_alone(businesses: Mapping[str, Business], tmp_path: Path) -> None:
    load_or_make_secrets(tmp_path, businesses)

    assert stat.S_IMODE((tmp_path / SECRETS_FILE).stat().st_mode) == 0o600


def test_a_restart_uses_the_same_and_another_home_has_others(
    businesses: Mapping[str, Business], tmp_path: Path
) -> None:
    first, again, elsewhere = (load_or_make_secrets(tmp_path / home, businesses) for home in ("a", "a", "b"))

    assert again == first
    stripe = {made["noizylab"]["STRIPE_WEBHOOK_SECRET"] for made in (first, elsewhere)}
    assert len(stripe) == 2


def test_a_business_that_joins_later_leaves_the_others_alone(
    businesses: Mapping[str, Business], tmp_path: Path
) -> None:
    first = load_or_make_secrets(tmp_path, businesses)
    joined = replace(businesses["noizylab"], slug="newcomer")

    made = load_or_make_secrets(tmp_path, {**businesses, "newcomer": joined})

    assert {slug: made[slug] for slug in businesses} == first
    assert made["newcomer"]["STRIPE_WEBHOOK_SECRET"] != made["noizylab"]["STRIPE_WEBHOOK_SECRET"]


def test_every_secret_that_a_tenant_names_is_made(
    businesses: Mapping[str, Business], secrets: Mapping[str, TenantSecrets]
) -> None:
    for slug, business in businesses.items():
        for name in (*business.secret_names, "OWNER_API_KEY"):
            assert secrets[slug][name]


def test_the_environment_has_frontdesks_names_and_no_private_key(secrets: Mapping[str, TenantSecrets]) -> None:
    variables = dict(environment(secrets))

    assert variables["FRONTDESK_MIKES_DETAILING_TWILIO_AUTH_TOKEN"] == secrets["mikes-detailing"]["TWILIO_AUTH_TOKEN"]
    assert variables["FRONTDESK_AVATAR_IMAGING_WIX_PUBLIC_KEY"].startswith("-----BEGIN PUBLIC KEY-----\\n")
    assert all("\n" not in value and "," not in value for value in variables.values())
    assert not [name for name in variables if "PRIVATE" in name]
    assert not [value for value in variables.values() if "PRIVATE KEY" in value]


def test_the_key_pairs_belong_together(secrets: Mapping[str, TenantSecrets]) -> None:
    clinic, notary = secrets["avatar-imaging"], secrets["hmnp"]

    assert clinic.wix_private_key.public_key().public_numbers().n > 2**2047
    assert len(notary.gohighlevel_private_key.sign(b"x")) == 64


def test_zohos_secret_is_one_that_zoho_takes(secrets: Mapping[str, TenantSecrets]) -> None:
    secret = secrets["technifold"]["ZOHO_WEBHOOK_SECRET"]

    assert secret.isalnum()
    assert 12 <= len(secret) <= 50
