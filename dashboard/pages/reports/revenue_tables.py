"""Revenue by person or service as a table: gross, what went back, each tax, what is left without them. Pure."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from dashboard.parts.formatting import MISSING, escape_markdown, format_money

UNKNOWN = "unknown"
_ALL_IN_ONE = "Tax"


def revenue_table(rows: list[Any], *, heading: str) -> pd.DataFrame:
    """Return a line per name and currency with a column per tax; empty if no row names anybody or anything.

    `rows` are those of report_queries.fetch_revenue_by_staff.
    """
    if all(row.name == UNKNOWN for row in rows):
        return pd.DataFrame()
    taxes = [_taxes(row) for row in rows]
    names = sorted({name for each in taxes for name in each})
    return pd.DataFrame(
        {
            heading: [escape_markdown(row.name.capitalize() if row.name == UNKNOWN else row.name) for row in rows],
            "Received": [format_money(int(row.received_minor), row.currency) for row in rows],
            "Refunded": [format_money(int(row.returned_minor), row.currency) for row in rows],
            **{
                escape_markdown(name): [_money(each.get(name), row) for each, row in zip(taxes, rows, strict=True)]
                for name in names
            },
            "Before tax": [_money(row.before_tax_minor, row) for row in rows],
        }
    )


def _taxes(row: Any) -> dict[str, int]:
    listed = json.loads(row.taxes) if isinstance(row.taxes, str) else []
    return {each["name"] or _ALL_IN_ONE: each["amount_minor"] for each in listed}


def _money(value: Any, row: Any) -> str:
    return MISSING if value is None or pd.isna(value) else format_money(int(value), row.currency)
