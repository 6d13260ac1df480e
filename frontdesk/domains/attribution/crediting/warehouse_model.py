"""Markov and Shapley credits of every tenant and lookback, as the warehouse stores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from frontdesk.domains.attribution.crediting.markov import markov
from frontdesk.domains.attribution.crediting.paths import (
    Credits,
    ModelCredits,
    PathCount,
    round_to_whole,
    with_untouched,
)
from frontdesk.domains.attribution.crediting.shapley import shapley

CREDITS_SCHEMA = pa.schema(
    [
        ("tenant_id", pa.string()),
        ("model", pa.string()),
        ("lookback_days", pa.int32()),
        ("channel", pa.string()),
        ("conversions", pa.float64()),
        ("revenue_minor", pa.int64()),
        ("removal_effect", pa.float64()),
        ("computed_at_sequence", pa.int64()),
    ]
)


def channel_credits(paths: pa.Table, *, sequence: int) -> pa.Table:
    """Return rows of CREDITS_SCHEMA from the rows of fct_attribution_paths, modelled through a log sequence.

    Conversions and revenue (minor units) of a tenant, model and lookback add up to those of its paths. An empty path
    is a conversion without a touch: it is the channel `none`'s in every model.
    """
    rows = sorted(paths.to_pylist(), key=_group)
    found = [
        {"tenant_id": tenant_id, "lookback_days": lookback, "computed_at_sequence": sequence} | row
        for (tenant_id, _, lookback), group in groupby(rows, key=_group)
        for row in _credits_of(list(group))
    ]
    return pa.Table.from_pylist(found, schema=CREDITS_SCHEMA)


def _group(row: Mapping[str, Any]) -> tuple[str, bool, int]:
    lookback = row["lookback_days"]
    return row["tenant_id"], lookback is None, lookback


def _credits_of(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    touched = [
        PathCount(
            channels=tuple(row["channels"]),
            conversions=row["count_conversions"],
            value=row["revenue_minor"],
            nulls=row["count_nulls"],
        )
        for row in sorted(rows, key=lambda row: row["path"])
        if row["channels"]
    ]
    untouched = [row for row in rows if not row["channels"]]
    with_nulls, without_nulls = markov(touched), markov(touched, with_nulls=False)
    models: Mapping[str, tuple[ModelCredits, Credits]] = {
        "markov": (with_nulls.credits, with_nulls.conversion_removal),
        "markov_no_nulls": (without_nulls.credits, without_nulls.conversion_removal),
        "shapley": (shapley(touched), {}),
    }
    revenue = sum(int(row["revenue_minor"]) for row in rows)
    for model, (of_touched, removal) in models.items():
        credited = with_untouched(
            of_touched,
            conversions=sum(row["count_conversions"] for row in untouched),
            value=sum(row["revenue_minor"] for row in untouched),
        )
        minor = round_to_whole(revenue, credited.value)
        for channel, conversions in credited.conversions.items():
            yield {
                "model": model,
                "channel": channel,
                "conversions": conversions,
                "revenue_minor": minor[channel],
                "removal_effect": removal.get(channel),
            }
