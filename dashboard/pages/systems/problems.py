"""What providers told and a person has to look at, as a table: the same columns around what was told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from dashboard.frame.session import Business, PageContext
from dashboard.parts import queries
from dashboard.parts.components import present
from dashboard.parts.formatting import MISSING, format_moment, format_source


def problems_table(
    frame: pd.DataFrame,
    context: PageContext,
    *,
    heading: str,
    words: Callable[[str], str],
    cells: Callable[[Any, Business], dict[str, str]],
) -> pd.DataFrame:
    """Return the rows with the moment they were told on each business's clock.

    heading: of the column of what is wrong, whose `words` are people's. cells: of a row, what was told.
    """
    now = present()
    rows = []
    for row in queries.rows_of(frame):
        business = context.get_business(row.tenant_id)
        rows.append(
            {
                "When": format_moment(row.occurred_at, business.zone, now=now),
                "Business": business.name,
                heading: words(row.problem),
                **cells(row, business),
                "About": row.title or MISSING,
                "Source": format_source(row.source),
                "Id": row.entity_id or MISSING,
            }
        )
    return pd.DataFrame(rows)
