"""Businesses' files, read as far as one shape knows them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.files import load_businesses

TENANTS = Path(__file__).parents[3] / "tenants"


def test_what_other_domains_need_is_not_looked_at(tmp_path: Path) -> None:
    text = (TENANTS / "hmnp.yaml").read_text(encoding="utf-8")
    (tmp_path / "hmnp.yaml").write_text(text.replace("rules:\n", "rules: {}\nnonsense:\n", 1), encoding="utf-8")
    assert load_businesses(tmp_path, Business)["hmnp"].zone == "America/Chicago"


def test_a_file_is_named_by_its_slug(tmp_path: Path) -> None:
    shutil.copy(TENANTS / "hmnp.yaml", tmp_path / "other.yaml")
    with pytest.raises(ConfigurationError, match="slug: is 'hmnp'; rename the file"):
        load_businesses(tmp_path, Business)
    shutil.copy(TENANTS / "noizylab.yaml", tmp_path)
    assert list(load_businesses(tmp_path, Business)) == ["noizylab"]
