"""Settings come from FRONTDESK_* variables; paths are told absolute."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.database import open_engine
from frontdesk.core.settings import Settings, load_settings
from pipelines.home_parts import build_dbt_runner


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FRONTDESK_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_are_local_and_below_the_current_folder(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.host == "127.0.0.1"
    ports = (settings.receiver_port, settings.dagster_port, settings.dashboard_port, settings.sandbox_port)
    assert ports == (8000, 3000, 8501, 8900)
    assert settings.event_log_url == f"sqlite:///{tmp_path / 'data' / 'frontdesk.db'}"
    assert settings.warehouse_path == tmp_path / "data" / "warehouse.duckdb"
    assert settings.analytics_path == tmp_path / "data" / "analytics.duckdb"


def test_variables_change_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("FRONTDESK_RECEIVER_PORT", "18000")
    monkeypatch.setenv("FRONTDESK_DATABASE_URL", "postgresql+psycopg://localhost/frontdesk")

    settings = load_settings()

    assert settings.analytics_path == tmp_path / "elsewhere" / "analytics.duckdb"
    assert settings.receiver_port == 18000
    assert settings.event_log_url == "postgresql+psycopg://localhost/frontdesk"


def test_from_another_folder_the_models_are_those_of_the_checkout(tmp_path: Path) -> None:
    assert load_settings().dbt_project_dir == Path(__file__).parents[2] / "dbt_project"

    (tmp_path / "dbt_project").mkdir()
    assert load_settings().dbt_project_dir == Path("dbt_project")


def test_a_folder_without_models_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FRONTDESK_DBT_PROJECT_DIR", str(tmp_path / "nowhere"))

    with pytest.raises(ConfigurationError, match=r"nowhere has no dbt_project\.yml; set FRONTDESK_DBT_PROJECT_DIR"):
        build_dbt_runner(load_settings())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FRONTDESK_RECEIVER_PORT", "eighty"),
        ("FRONTDESK_MAX_BODY_BYTES", "-5"),
        ("FRONTDESK_WEBHOOK_RATE_LIMIT_PER_MINUTE", "0"),
    ],
)
def test_a_wrong_value_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigurationError, match=f"^{variable}: '{value}': input should be"):
        load_settings()


def test_a_database_url_that_is_none_is_told_with_an_example() -> None:
    with pytest.raises(ConfigurationError, match=r"FRONTDESK_DATABASE_URL: .*postgresql\+psycopg://"):
        open_engine("nonsense")
