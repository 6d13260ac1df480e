"""The models know every fact that imports and our own commands write, and no other as one of ours."""

from __future__ import annotations

import csv
from pathlib import Path

from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.sending.facts import OUTCOME_FACTS

_SEED = Path(__file__).parents[3] / "dbt_project" / "seeds" / "known_event_types.csv"


def _types(meaning: str | None = None) -> set[str]:
    with _SEED.open(encoding="utf-8", newline="") as file:
        return {row["type_pattern"] for row in csv.DictReader(file) if meaning in (None, row["meaning"])}


def test_every_fact_of_ours_is_a_type_that_the_models_know() -> None:
    assert set(CANONICAL_PAYLOADS) <= _types()


def test_what_the_models_call_a_fact_of_ours_is_one() -> None:
    assert _types("canonical fact") <= set(CANONICAL_PAYLOADS)


def test_outcomes_of_commands_are_those_that_sending_tells() -> None:
    assert _types("outcome of a command") <= set(OUTCOME_FACTS)
