"""Money that is in no figure, or does not add up, as a table for people."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.frame.session import Business, PageContext
from dashboard.pages.systems.problems import problems_table
from dashboard.parts.formatting import MISSING, format_money

_PROBLEMS = {
    "amount_not_read": "The amount can't be read",
    "refund_without_payment": "A refund whose payment is not known",
    "payment_without_amount": "A payment without an amount",
    "payment_without_currency": "A payment without a currency",
    "refund_above_amount": "More refunded than paid",
    "given_back_in_another_currency": "A refund or dispute in another currency than the payment",
    "line_without_amount": "A receipt line without an amount",
    "lines_in_another_currency": "Receipt lines in another currency than the payment",
    "lines_without_payment": "Receipt lines whose payment is not known",
    "lines_do_not_add_up": "Receipt lines that do not add up to the payment",
    "tax_without_amount": "A tax without an amount",
    "taxes_do_not_add_up": "Taxes that do not add up",
    "tax_above_amount": "More tax than payment",
}


def problem_words(problem: str) -> str:
    """Return a problem of rpt_odd_money in people's words."""
    return _PROBLEMS.get(problem, problem.replace("_", " "))


def odd_money_table(frame: pd.DataFrame, context: PageContext) -> pd.DataFrame:
    """Return the rows of fetch_odd_money with times on each business's clock and amounts as money."""
    return problems_table(frame, context, heading="What is odd", words=problem_words, cells=_cells)


def _cells(row: Any, business: Business) -> dict[str, str]:
    return {
        "Amount": format_money(row.amount_minor, row.currency or business.currency),
        "As it came": row.detail or MISSING,
    }
