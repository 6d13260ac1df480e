"""Pipelines and scores of a tenant's file: each way to be wrong names file, key and remedy."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.stages.scoring import Priority, Warmness
from frontdesk.domains.stages.settings import Pipeline
from frontdesk.domains.tenancy.tenant import load_tenant
from tests.domains.tenancy.test_tenants import VALID

Change = Callable[[dict[str, Any]], object]


def _load(folder: Path, change: Change) -> None:
    content = copy.deepcopy(VALID)
    change(content)
    file = folder / "acme.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    load_tenant(file)


def _stage(**keys: Any) -> Change:
    return lambda content: content["pipelines"][0]["stages"][0].update(keys)


@pytest.mark.parametrize(
    ("change", "key", "remedy"),
    [
        pytest.param(
            _stage(entered_on=["lead.creatd"]),
            "pipelines.0.stages.0.entered_on.0.fact",
            "did you mean lead.created?",
            id="unknown fact",
        ),
        pytest.param(
            _stage(entered_on=["stage.changed"]), "entered_on.0.fact", "is no fact that moves", id="its own fact"
        ),
        pytest.param(
            _stage(entered_on=["lead.created:hot"]), "entered_on.0.fact", "only task.created has kinds", id="kind"
        ),
        pytest.param(
            _stage(entered_on=["lead.created"], only_from=["nowhere"]),
            "pipelines.job.stages.new.only_from",
            "did you mean job.new?",
            id="unknown stage",
        ),
        pytest.param(
            _stage(only_from=["none"]), "stages.0", "only_from restricts entered_on; name facts", id="nothing enters"
        ),
        pytest.param(_stage(is_won=True, is_lost=True), "stages.0", "exclude one another", id="won and lost"),
        pytest.param(
            lambda c: c.update(warmness={"points": {"lead.creatd": 1}}),
            "warmness.points",
            "did you mean lead.created?",
            id="points of no fact",
        ),
        pytest.param(
            lambda c: c.update(warmness={"points": {"lead.created": 1}, "caps": {"email.opened": 5}}),
            "warmness",
            "email.opened has no points; give it some, or remove the cap",
            id="cap of nothing",
        ),
        pytest.param(
            lambda c: c.update(warmness={"half_life_days": 0}),
            "warmness.half_life_days",
            "greater than 0",
            id="decay",
        ),
        pytest.param(
            lambda c: c.update(priority={"kinds": {"welcome_call": 60}}),
            "priority",
            "add up to 120; keep it within 100",
            id="shares above the whole",
        ),
    ],
)
def test_each_mistake_names_file_key_and_remedy(tmp_path: Path, change: Change, key: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        _load(tmp_path, change)
    line = next(line for line in raised.value.detail.splitlines() if key in line)
    assert line.startswith(f"{tmp_path / 'acme.yaml'}: ")
    assert remedy in line


def test_a_booking_comes_from_stages_of_its_own_pipeline_only(tmp_path: Path) -> None:
    other = {"key": "sales", "name": "Sales", "of": "booking", "stages": [{"key": "open", "name": "Open"}]}
    entered = {"entered_on": ["booking.created"], "only_from": ["sales.open"]}

    def change(content: dict[str, Any]) -> None:
        content["pipelines"].append(other)
        content["pipelines"][0].update(of="booking")
        content["pipelines"][0]["stages"][0].update(entered)

    with pytest.raises(ConfigurationError, match="no stage that a booking comes from"):
        _load(tmp_path, change)


def test_an_entry_may_be_stricter_than_its_stage() -> None:
    entered_on = ["message.sent", {"fact": "task.created:recall", "only_from": ["none"]}]
    stage = {"key": "open", "name": "Open", "entered_on": entered_on, "only_from": ["shut"]}
    pipeline = Pipeline.model_validate({"key": "lead", "name": "Lead", "stages": [stage]})
    restrictions = list(pipeline.stages[0].restrictions())
    assert [(entry.fact_type, entry.task_kind, only_from) for entry, only_from in restrictions] == [
        ("message.sent", None, ("shut",)),
        ("task.created", "recall", ("none",)),
    ]
    assert [pipeline.resolve(name) for name in ("shut", "none", "sales.open")] == ["lead.shut", "none", "sales.open"]


def test_what_is_left_out_has_defaults_that_are_valid() -> None:
    assert Warmness().points["lead.created"] > 0 > Warmness().points["consent.revoked"]
    assert Priority().other_kinds + Priority().late <= 100
