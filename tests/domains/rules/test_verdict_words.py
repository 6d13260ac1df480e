"""Every reason that the models give and every operator of a condition has words."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import yaml

from frontdesk.domains.rules.conditions import operators_of
from frontdesk.domains.rules.verdict_words import OPERATORS, REASONS
from frontdesk.domains.rules.vocabulary import Kind

MODELS = Path(__file__).parents[3] / "dbt_project/models/marts/automation/_automation__models.yml"


def test_every_reason_has_words() -> None:
    models = yaml.safe_load(MODELS.read_text(encoding="utf-8"))["models"]
    columns = next(model["columns"] for model in models if model["name"] == "fct_decisions")
    for name in ("reason", "stopped_by"):
        [tests] = [column["data_tests"] for column in columns if column["name"] == name]
        assert set(tests[0]["accepted_values"]["arguments"]["values"]) <= REASONS.keys()


def test_every_operator_has_words() -> None:
    assert {operator for kind in get_args(Kind) for operator in operators_of(kind)} == OPERATORS.keys()
