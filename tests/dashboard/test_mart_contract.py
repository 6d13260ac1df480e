"""The relations these tests publish are those that the models' contracts promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboard.mart_contract import RELATIONS, columns_of

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"
#: Written by the publisher, because only it knows when it published.
NOT_MODELLED = {"reports.rpt_freshness"}


@pytest.fixture(scope="module")
def promised_columns() -> dict[str, dict[str, str]]:
    files = [file for folder in ("marts", "reports") for file in (MODELS / folder).rglob("*.yml")]
    contents: list[dict[str, Any]] = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    return {
        f"{'reports' if model['name'].startswith('rpt_') else 'marts'}.{model['name']}": {
            column["name"]: str(column["data_type"]).upper().replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
            for column in model["columns"]
        }
        for content in contents
        for model in content.get("models", ())
    }


@pytest.mark.parametrize("relation", sorted(RELATIONS.keys() - NOT_MODELLED))
def test_columns_are_promised_by_the_model(relation: str, promised_columns: dict[str, dict[str, str]]) -> None:
    assert columns_of(relation).items() <= promised_columns[relation].items()
