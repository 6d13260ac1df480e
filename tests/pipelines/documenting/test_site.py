"""dbt's site, as `frontdesk docs site` writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from frontdesk.core.cli import build_app
from tests.pipelines.kept import REPOSITORY


@pytest.mark.slow
def test_the_site_is_one_page_that_tells_of_every_mart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))
    monkeypatch.setenv("FRONTDESK_DBT_PROJECT_DIR", str(REPOSITORY / "dbt_project"))
    result = CliRunner().invoke(build_app(), ["docs", "site"])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "docs" / "index.html").read_text(encoding="utf-8")
    assert "model.frontdesk.dim_contacts" in page
    assert '<script src="http' not in page
