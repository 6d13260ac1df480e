"""The vocabulary is that of the models: every field is a column of them, of the same kind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.rules.vocabulary import (
    BOOKING_FIELDS,
    BOOKING_STATUSES,
    CONTACT_FIELDS,
    FACT_TYPES,
    Field,
    offered_fields,
)
from frontdesk.domains.sending.facts import COMMAND_FACTS

_MODELS = Path(__file__).parents[3] / "dbt_project" / "models"
_KINDS = {
    "varchar": "text",
    "bigint": "number",
    "integer": "number",
    "timestamp with time zone": "instant",
    "boolean": "flag",
}


def _columns(file: str, model: str) -> dict[str, dict[str, Any]]:
    content = yaml.safe_load((_MODELS / file).read_text(encoding="utf-8"))
    (found,) = (one for one in content["models"] if one["name"] == model)
    return {column["name"]: column for column in found["columns"]}


@pytest.mark.parametrize(
    ("file", "model", "fields"),
    [
        ("marts/contacts/_contacts__models.yml", "dim_contacts", CONTACT_FIELDS),
        ("marts/bookings/_bookings__models.yml", "fct_bookings", BOOKING_FIELDS),
    ],
)
def test_fields_are_columns_of_the_marts(file: str, model: str, fields: dict[str, Field]) -> None:
    columns = _columns(file, model)

    for name, field in fields.items():
        assert _KINDS[columns[name]["data_type"]] == field.kind, name
        # not_null is a promise of the model: only what it promises may be shown without words for its absence.
        assert field.is_always_known == ({"type": "not_null"} in columns[name].get("constraints", [])), name


def test_statuses_are_those_the_mart_accepts() -> None:
    tests = _columns("marts/bookings/_bookings__models.yml", "fct_bookings")["status"]["data_tests"]
    (accepted,) = (test["accepted_values"] for test in tests if "accepted_values" in test)

    assert tuple(accepted["arguments"]["values"]) == BOOKING_STATUSES


def test_fields_of_facts_are_columns_of_the_facts() -> None:
    columns = _columns("intermediate/facts/_facts__models.yml", "int_facts_unioned")

    for fact in FACT_TYPES:
        names = {name.removeprefix("fact.") for name in offered_fields([fact]) if name.startswith("fact.")}
        assert names <= set(columns), fact


def test_our_own_facts_can_be_waited_for() -> None:
    of_nobody = {type_ for type_, payload in CANONICAL_PAYLOADS.items() if "contact" not in payload.model_fields}
    assert set(CANONICAL_PAYLOADS) - COMMAND_FACTS - of_nobody <= set(FACT_TYPES)
    assert not (COMMAND_FACTS | of_nobody) & set(FACT_TYPES)


def test_a_stage_may_be_a_booking_s() -> None:
    fields = offered_fields(["stage.changed"])

    assert fields["booking.status"] == fields["fact.booking_id"] == fields["fact.detail"] == Field("text")


def test_every_fact_is_told_of_by_some_model() -> None:
    texts = [file.read_text(encoding="utf-8") for file in _MODELS.rglob("stg_*.sql")]
    words = {word for text in texts for word in re.findall(r"[A-Za-z_]+", text)}

    assert {word for fact in FACT_TYPES for word in fact.split(".")} <= words


def test_a_field_is_offered_where_every_fact_has_it() -> None:
    both = offered_fields(["booking.confirmed", "payment.succeeded"])

    assert both["fact.booking_id"] == Field("text")
    assert both["booking.status"] == Field("text")
    assert "fact.starts_at" not in both
    assert offered_fields(["booking.confirmed"])["booking.status"] == Field("text", is_always_known=True)
    assert not [name for name in offered_fields(["lead.created"]) if name.startswith("booking.")]
