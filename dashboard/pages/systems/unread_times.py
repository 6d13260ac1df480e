"""Starts, ends and dues that place nothing, as a table for people."""

from __future__ import annotations

import pandas as pd

from dashboard.frame.session import PageContext
from dashboard.pages.systems.problems import problems_table

_PROBLEMS = {
    "start_not_read": "The start can't be read",
    "end_not_read": "The end can't be read",
    "end_not_after_start": "The end is not after the start",
    "due_not_read": "Until when to answer can't be read",
}

WHAT_TO_DO = (
    "An appointment without a start has no reminder: look it up in the source and tell the customer. Save it there "
    "again with a time that is read: `2026-12-20T10:00:00+08:00`, or without the offset and with a zone such as "
    "`Australia/Perth`, or Unix seconds or milliseconds. Without a zone it is taken for the business's own clock."
)


def problem_words(problem: str) -> str:
    """Return a problem of rpt_unread_times in people's words."""
    return _PROBLEMS.get(problem, problem.replace("_", " "))


def unread_times_table(frame: pd.DataFrame, context: PageContext) -> pd.DataFrame:
    """Return the rows of fetch_unread_times with the moment they were told on each business's clock."""
    return problems_table(
        frame, context, heading="What is wrong", words=problem_words, cells=lambda row, _: {"As it came": row.told}
    )
