"""docs/configuration.md names every setting with its default, and every secret of every source."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.connectors.descriptor import descriptors, senders, source_names
from frontdesk.core.secrets import OPERATOR_SECRETS, OWNER_API_KEY
from frontdesk.core.settings import Settings

DOCUMENT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    row = next((line for line in DOCUMENT.splitlines() if f"`FRONTDESK_{name.upper()}`" in line), "")
    default = Settings.model_fields[name].default
    assert row.startswith("|")
    assert default is None or f"`{default}`" in row


@pytest.mark.parametrize("source", sorted(source_names()))
def test_every_secret_of_a_source_is_documented(source: str) -> None:
    row = next((line for line in DOCUMENT.splitlines() if line.startswith(f"| `{source}` | `")), "")
    names = descriptors()[source].load_source().secret_names
    assert names
    assert all(f"`{name}`" in row for name in names)


def test_the_owners_key_is_documented() -> None:
    assert f"`{OWNER_API_KEY}`" in DOCUMENT


@pytest.mark.parametrize("name", OPERATOR_SECRETS)
def test_every_secret_of_the_operator_is_documented(name: str) -> None:
    assert f"`FRONTDESK_{name}`" in DOCUMENT


@pytest.mark.parametrize("provider", [*senders("sms"), *senders("email")])
def test_every_secret_of_a_provider_is_documented(provider: str) -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith(f"| `{provider}` | `")]
    assert any(all(f"`{name}`" in row for name in descriptors()[provider].sending_secrets) for row in rows)
