"""The businesses of a home, read from log and files as far as one shape knows them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.businesses import load_businesses
from frontdesk.core.tenant.configurations import Configurations
from frontdesk.core.tenant.files import content_of
from tests.clocks import SetClock

TENANTS = Path(__file__).parents[3] / "tenants"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "tenants").mkdir()
    return Settings(home=tmp_path, tenants_dir=tmp_path / "tenants")


def write_versions(settings: Settings, *slugs: str) -> Configurations:
    clock = SetClock(datetime(2026, 11, 30, tzinfo=UTC))
    engine = open_database(settings.event_log_url)
    configurations = Configurations(engine, log=EventLog(engine, ids=UuidV7Factory(clock)), clock=clock)
    for slug in slugs:
        configurations.write(slug, content_of(TENANTS / f"{slug}.yaml"), by="a test")
    return configurations


def test_what_other_domains_need_is_not_looked_at(settings: Settings) -> None:
    text = (TENANTS / "hmnp.yaml").read_text(encoding="utf-8")
    file = settings.tenants_dir / "hmnp.yaml"
    file.write_text(text.replace("rules:\n", "rules: {}\nnonsense:\n", 1), encoding="utf-8")
    assert load_businesses(settings, Business)["hmnp"].zone == "America/Chicago"


def test_a_file_is_named_by_its_slug(settings: Settings) -> None:
    shutil.copy(TENANTS / "hmnp.yaml", settings.tenants_dir / "other.yaml")
    with pytest.raises(ConfigurationError, match="slug: is 'hmnp'; rename the file"):
        load_businesses(settings, Business)
    shutil.copy(TENANTS / "noizylab.yaml", settings.tenants_dir)
    assert list(load_businesses(settings, Business)) == ["noizylab"]


def test_what_is_in_force_in_the_log_counts_before_a_file(settings: Settings) -> None:
    configurations = write_versions(settings, "hmnp", "noizylab")
    text = (TENANTS / "hmnp.yaml").read_text(encoding="utf-8")
    for slug in ("hmnp", "harbour-massage"):
        file = settings.tenants_dir / f"{slug}.yaml"
        file.write_text(text.replace("slug: hmnp", f"slug: {slug}").replace("America/Chicago", "Europe/Paris"))
    configurations.remove("noizylab", by="a test")

    businesses = load_businesses(settings, Business)
    assert {slug: business.zone for slug, business in businesses.items()} == {
        "harbour-massage": "Europe/Paris",
        "hmnp": "America/Chicago",
    }
