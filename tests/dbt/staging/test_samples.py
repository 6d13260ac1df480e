"""What a good delivery of every kind becomes."""

from __future__ import annotations

import json
from collections import Counter

from tests.dbt.staging.samples import IMPORTED_SOURCE, SAMPLES
from tests.dbt.staging.shapes import MODEL_KEYS
from tests.dbt.staging.warehouse import Event, StagingWarehouse


def test_each_delivery_makes_its_rows_and_no_others(staging: StagingWarehouse) -> None:
    staging.replace_events(Event(sample.source, sample.type, json.dumps(sample.payload)) for sample in SAMPLES)
    made = Counter((row["event_id"], model) for model in MODEL_KEYS for row in staging.rows(model))
    expected = {
        (f"event-{number}", model): count
        for number, sample in enumerate(SAMPLES)
        for model, count in sample.rows.items()
    }
    assert made == expected


def test_a_provider_can_not_pose_as_another(staging: StagingWarehouse) -> None:
    # A type is only trusted together with the source whose signature was checked; imports may write canonical types.
    providers = [sample for sample in SAMPLES if sample.source != IMPORTED_SOURCE]
    staging.replace_events(Event(IMPORTED_SOURCE, sample.type, json.dumps(sample.payload)) for sample in providers)
    assert not [row for model in MODEL_KEYS for row in staging.rows(model)]
