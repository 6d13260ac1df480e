"""Moments that bodies of /v1 are refused for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from webhooks.api.stage_changes import StageChangeBody
from webhooks.api.tasks import CreateBody, SnoozeBody


@pytest.mark.parametrize("year", ["0001", "1899", "2200", "9999"])
@pytest.mark.parametrize(
    ("body", "key", "others"),
    [
        (CreateBody, "due_at", {"title": "Call"}),
        (SnoozeBody, "until", {}),
        (StageChangeBody, "occurred_at", {"pipeline": "repair", "stage": "shipped", "booking_id": "b1"}),
    ],
)
def test_an_impossible_year_is_refused_in_words(
    body: type[BaseModel], key: str, others: dict[str, Any], year: str
) -> None:
    with pytest.raises(ValidationError, match=f"year {int(year)} is not in 1900 to 2199; check the date's format"):
        body.model_validate(others | {key: f"{year}-12-31T23:59:59Z"})
