"""Attribution as tables and charts: models side by side, ranks, lookbacks, costs and payback. Pure; shows nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import altair as alt
import pandas as pd

from dashboard.parts.formatting import MISSING, count_minor_units, escape_markdown, format_money, format_words
from dashboard.parts.queries import rows_of

Measure = Literal["conversions", "revenue"]

#: In the order in which they are shown; what each says, in one sentence.
MODELS = {
    "first": ("First touch", "All credit goes to how they found you."),
    "last": ("Last touch", "All credit goes to the last thing they saw before."),
    "last_non_direct": (
        "Last non-direct",
        "Like last touch, but a direct visit counts only if nothing else is known.",
    ),
    "linear": ("Linear", "Every touch on the way counts the same."),
    "position": (
        "Position",
        "{first:g} % goes to the first touch, {last:g} % to the last, the rest to those between.",
    ),
    "time_decay": ("Time decay", "Touches nearer the conversion count more; {half_life:g} days earlier counts half."),
    "markov": ("Markov", "How many conversions would be lost if the channel were not there, by all journeys."),
    "markov_no_nulls": ("Markov (converted only)", "The same, by the journeys that ended in a conversion."),
    "shapley": ("Shapley", "Each channel's fair share of what channels brought together."),
}
_RANK_UP, _RANK_DOWN = "▲", "▼"


def name_lookback(days: int | None) -> str:
    """Return a lookback as staff read it."""
    return "All time" if days is None else f"{days:g} days"


def name_channel(channel: str) -> str:
    """Return a channel's name; conversions without any touch have a name too."""
    return "No touch known" if channel == "none" else format_words(channel)


def of_lookback(attribution: pd.DataFrame, days: int | None) -> pd.DataFrame:
    """Return the rows of one lookback."""
    lookbacks = attribution["lookback_days"]
    return attribution[lookbacks.isna() if days is None else lookbacks == days]


def compare_models(attribution: pd.DataFrame, *, measure: Measure, currency: str) -> pd.DataFrame:
    """Return channels by models, and a last line with the totals, as Markdown cells. Of one lookback."""
    return _cross(attribution, "model", list(MODELS), _describe_measure(measure, currency), name_model)


def compare_lookbacks(
    attribution: pd.DataFrame, *, model: str, lookbacks: Iterable[int | None], measure: Measure, currency: str
) -> pd.DataFrame:
    """Return channels by lookbacks of one model, and a last line with the totals."""
    rows = attribution[attribution["model"] == model].assign(
        lookback=lambda frame: [name_lookback(_days(value)) for value in frame["lookback_days"]]
    )
    names = [name_lookback(days) for days in lookbacks]
    return _cross(rows, "lookback", names, _describe_measure(measure, currency), lambda name: name)


def compare_ranks(attribution: pd.DataFrame) -> pd.DataFrame:
    """Return channels by models: the rank, and how many ranks it gains or loses against last touch."""
    cells = [
        {"channel": row.channel, "column": row.model, "cell": _describe_rank(row), "order": row.conversion_rank}
        for row in rows_of(attribution)
    ]
    return _pivot(pd.DataFrame(cells), list(MODELS), name_model, order=_order_of(attribution))


def tabulate_costs(costs: pd.DataFrame, spend: pd.DataFrame) -> pd.DataFrame:
    """Return what a lead and a booking cost by channel; `spend` has one model's cost and return by channel."""
    by_channel = {row.channel: row for row in rows_of(spend)}
    return pd.DataFrame(
        {
            "Channel": escape_markdown(name_channel(row.channel)),
            "Spend": _money(row.spend_minor, row.currency),
            "Leads": f"{row.count_leads:,}",
            "Cost per lead": _money(row.cost_per_lead_minor, row.currency),
            "Bookings": f"{row.count_bookings:,}",
            "Cost per booking": _money(row.cost_per_booking_minor, row.currency),
            "Return on spend": _describe_return(by_channel.get(row.channel)),
        }
        for row in rows_of(costs)
    )


def build_models_chart(attribution: pd.DataFrame, *, measure: Measure, currency: str) -> alt.Chart:
    """Return bars of what each model credits to each channel. Of one lookback; money in major units."""
    channels = _order_of(attribution)
    data = attribution.assign(
        Channel=attribution["channel"].map(name_channel),
        Model=attribution["model"].map(name_model),
        amount=_amounts(attribution, measure, currency),
    )
    chart: alt.Chart = (
        alt.Chart(data, height=alt.Step(9))
        .mark_bar()
        .encode(
            y=alt.Y("Channel:N", sort=[name_channel(channel) for channel in channels], title=None),
            yOffset=alt.YOffset("Model:N", sort=[name_model(model) for model in MODELS]),
            x=alt.X("amount:Q", title="Conversions" if measure == "conversions" else f"Revenue, {currency}"),
            color=alt.Color(
                "Model:N",
                sort=[name_model(model) for model in MODELS],
                title=None,
                legend=alt.Legend(orient="bottom", columns=3, labelLimit=200),
            ),
            tooltip=["Channel:N", "Model:N", alt.Tooltip("amount:Q", format=",.2f", title=measure.capitalize())],
        )
    )
    return chart


def build_payback_chart(payback: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Return a heat map: how much of a month's spend its new contacts have paid back, months since then.

    Needs cohorts with spend: rows whose spend_minor is 0 have nothing to pay back and are left out.
    """
    spent = payback[payback["spend_minor"] > 0]
    data = pd.DataFrame(
        {
            "cohort": [f"{month:%b %Y}" for month in spent["acquisition_month"]],
            "order": [f"{month:%Y-%m}" for month in spent["acquisition_month"]],
            "months": spent["months_since"].astype(int),
            "share": (spent["revenue_so_far_minor"] / spent["spend_minor"]).astype(float),
        }
    )
    cohorts = list(dict.fromkeys(data.sort_values("order")["cohort"]))
    base = alt.Chart(data, height=alt.Step(30)).encode(
        x=alt.X("months:O", title="Months since first contact", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cohort:N", sort=cohorts, title=None),
        tooltip=[
            alt.Tooltip("cohort:N", title="First seen in"),
            alt.Tooltip("months:O", title="Months since"),
            alt.Tooltip("share:Q", title="Paid back", format=".0%"),
        ],
    )
    # From red over white, where it is just paid back, to blue: told apart by everyone, and the number is in the cell.
    colour = alt.Color(
        "share:Q",
        title="Paid back",
        scale=alt.Scale(scheme="redblue", domainMid=1, clamp=True, domain=[0, 2]),
        legend=alt.Legend(format=".0%", orient="bottom"),
    )
    is_dark = "datum.share < 0.35 || datum.share > 1.65"
    text = alt.condition(is_dark, alt.value("white"), alt.value("#1d2b2a"))
    cells = base.mark_rect().encode(color=colour)
    numbers = base.mark_text(fontSize=11).encode(text=alt.Text("share:Q", format=".0%"), color=text)
    return alt.layer(cells, numbers)


def add_up(attribution: pd.DataFrame) -> dict[str, tuple[float, int]]:
    """Return, by model, the conversions and the minor units of revenue that it credits. Of one lookback."""
    sums = attribution.groupby("model")[["conversions", "revenue_minor"]].sum()
    return {str(model): (float(row.conversions), int(row.revenue_minor)) for model, row in sums.iterrows()}


def name_model(model: str) -> str:
    """Return a model's name."""
    return MODELS[model][0] if model in MODELS else format_words(model)


def describe_model(model: str, settings: Any) -> str:
    """Return what a model says, in one sentence; `settings` is a row of dim_attribution_settings."""
    return MODELS[model][1].format(
        first=settings.position_first,
        last=settings.position_last,
        half_life=settings.half_life_days,
    )


def _cross(
    rows: pd.DataFrame,
    by: str,
    columns: list[str],
    describe: Callable[[Any], str],
    name: Callable[[str], str],
) -> pd.DataFrame:
    cells = [{"channel": row.channel, "column": getattr(row, by), "cell": describe(row)} for row in rows_of(rows)]
    totals = rows.groupby(by, as_index=False)[["conversions", "revenue_minor"]].sum()
    cells += [{"channel": "", "column": getattr(row, by), "cell": f"**{describe(row)}**"} for row in rows_of(totals)]
    return _pivot(pd.DataFrame(cells), columns, name, order=[*_order_of(rows), ""])


def _pivot(cells: pd.DataFrame, columns: list[str], name: Callable[[str], str], *, order: list[str]) -> pd.DataFrame:
    table = cells.pivot_table(index="channel", columns="column", values="cell", aggfunc="first")
    table = table.reindex(index=order, columns=columns, fill_value=MISSING).fillna(MISSING)
    table.columns = pd.Index([name(column) for column in columns])
    names = [escape_markdown(name_channel(channel)) if channel else "**All**" for channel in order]
    table.insert(0, "Channel", names)
    return table.reset_index(drop=True)


def _order_of(attribution: pd.DataFrame) -> list[str]:
    """Return the channels, those with the most conversions by last touch first."""
    last = attribution[attribution["model"] == "last"] if (attribution["model"] == "last").any() else attribution
    ranked = last.sort_values(["conversion_rank", "channel"])
    return list(dict.fromkeys([*ranked["channel"], *attribution["channel"]]))


def _describe_measure(measure: Measure, currency: str) -> Callable[[Any], str]:
    if measure == "revenue":
        return lambda row: _money(int(row.revenue_minor), currency)
    return lambda row: f"{row.conversions:,.1f}"


def _amounts(attribution: pd.DataFrame, measure: Measure, currency: str) -> pd.Series[float]:
    if measure == "conversions":
        return attribution["conversions"].astype(float)
    return attribution["revenue_minor"].astype(float) / count_minor_units(currency)


def _describe_rank(row: Any) -> str:
    if pd.isna(row.conversion_rank):
        return MISSING
    rank, change = int(row.conversion_rank), int(row.rank_change_to_last)
    if not change:
        return f"{rank}"
    colour, arrow = ("green", _RANK_UP) if change > 0 else ("red", _RANK_DOWN)
    return f"{rank} :{colour}[{arrow}{abs(change)}]"


def _describe_return(row: Any) -> str:
    return MISSING if row is None or row.return_on_spend is None else f"{row.return_on_spend:,.1f} to 1"


def _money(amount_minor: int | None, currency: str) -> str:
    return escape_markdown(format_money(amount_minor, currency))


def _days(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)
