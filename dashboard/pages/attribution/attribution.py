"""Attribution: what each channel brought by all models side by side, what it cost, and when it paid back."""

from __future__ import annotations

from io import StringIO
from typing import Any, get_args

import pandas as pd
import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.session import Business, PageContext
from dashboard.pages.attribution import queries as attribution_queries
from dashboard.pages.attribution import tables
from dashboard.pages.attribution.tables import MODELS, Measure
from dashboard.parts import components, queries
from dashboard.parts.formatting import escape_markdown, format_count, format_instant, format_money
from frontdesk.core.csv_output import CsvWriter

_REFRESH_SECONDS = 30.0
_COST_MONTHS = 12
_COHORTS = 18
#: Credits are rounded numbers; what differs by less is the same.
_SAME = 0.005


def _show_page() -> None:
    context = session.current_context()
    business = context.only_business
    if business is None:
        components.show_choice_of_business(
            context, title="Choose a business", detail="This page compares the channels of one business at a time."
        )
        return
    _show_attribution(business)


@st.fragment(run_every=_REFRESH_SECONDS)
def _show_attribution(business: Business) -> None:
    context = session.current_context()
    with components.explained_absence():
        key = {"tenant_id": business.tenant_id}
        settings = queries.rows_of(attribution_queries.fetch_settings(context.file, **key))
        totals = queries.rows_of(attribution_queries.fetch_totals(context.file, **key))[0]
        if not settings or not totals.count_conversions:
            components.empty_state(
                "No conversions yet",
                "With the first conversion (the business's file says what one is, under `attribution`) the channels "
                "that led to it are compared here.",
                icon="pie_chart",
            )
            return
        attribution = attribution_queries.fetch_attribution(context.file, **key)
        lookbacks = attribution_queries.fetch_lookbacks(context.file, **key)
        days, measure = _choose(lookbacks)
        of_lookback = tables.of_lookback(attribution, days)
        modelled = queries.rows_of(attribution_queries.fetch_modelled(context.file, **key))[0]
        _show_totals(business, totals, of_lookback, modelled=modelled)
        _show_models(business, of_lookback, settings[0], modelled=modelled, measure=measure)
        chart = st.container()
        _show_ranks(of_lookback, settings[0])
        _show_lookbacks(attribution, lookbacks, measure=measure, currency=settings[0].currency)
        _show_costs(context, business, of_lookback)
        # Charts last: what draws them is the most that a browser loads here, and tables can be read meanwhile.
        chart.altair_chart(
            tables.build_models_chart(of_lookback, measure=measure, currency=settings[0].currency),
            alt="What each model credits to each channel; the same numbers as in the table above",
        )
        _show_payback(context, business)
        _offer_download(context, business, attribution)


def _choose(lookbacks: list[int | None]) -> tuple[int | None, Measure]:
    by_name = {tables.name_lookback(days): days for days in lookbacks}
    names = list(by_name)
    with st.container(horizontal=True, gap="medium"):
        name = st.segmented_control(
            "Look back",
            names,
            default=names[-1],
            required=True,
            key="lookback",
            help="How long before a conversion a touch still counts.",
        )
        measure: Measure | None = st.segmented_control(
            "Compare by",
            get_args(Measure),
            default="conversions",
            required=True,
            format_func=str.capitalize,
            key="measure",
        )
    return by_name.get(name or "", lookbacks[-1]), measure or "conversions"


def _show_totals(business: Business, totals: Any, of_lookback: pd.DataFrame, *, modelled: Any) -> None:
    """Say what there is to share out, and whether every model shares out exactly that."""
    revenue = escape_markdown(format_money(totals.revenue_minor, business.currency))
    whole = f"**{format_count(totals.count_conversions)} conversions** worth **{revenue}**"
    wrong = [
        tables.name_model(model)
        for model, (conversions, revenue_minor) in tables.add_up(of_lookback).items()
        if abs(conversions - totals.count_conversions) > _SAME or revenue_minor != totals.revenue_minor
    ]
    if not wrong:
        st.markdown(f":green[:material/check_circle:] Every model shares out the same {whole}, to the cent.")
        return
    known = "have not been computed yet"
    if modelled.sequence is not None:
        known = f"know {_describe_known(modelled, business)}"
    st.warning(
        f"There are {whole}. {escape_markdown(', '.join(wrong))} add up to something else: Markov and Shapley are "
        f"computed by a full build and {known}. Run one with `frontdesk rebuild`, or wait for the next.",
        icon=":material/update:",
    )


def _describe_known(modelled: Any, business: Business) -> str:
    """Return how far a build knew the log: `events up to number 4,000 (Tue 4 Mar 2025, 10:12 AWST)`."""
    number = f"events up to number {int(modelled.sequence):,}"
    if modelled.known_at is None:
        return number
    return f"{number} ({escape_markdown(format_instant(modelled.known_at, business.zone))})"


def _show_models(
    business: Business, of_lookback: pd.DataFrame, settings: Any, *, modelled: Any, measure: Measure
) -> None:
    st.subheader("All models side by side", anchor=False)
    st.table(
        tables.compare_models(of_lookback, measure=measure, currency=settings.currency),
        border="horizontal",
        hide_index=True,
    )
    if modelled.sequence is not None:
        st.caption(
            "Markov and Shapley are computed by the nightly build: these know "
            f"{_describe_known(modelled, business)}. The others are current."
        )


def _show_ranks(of_lookback: pd.DataFrame, settings: Any) -> None:
    with st.expander("What each model says", icon=":material/help:"):
        for model, (name, _) in MODELS.items():
            st.markdown(f"**{name}**: {tables.describe_model(model, settings)}")
    st.subheader("Ranks, and how they differ from last touch", anchor=False)
    st.table(tables.compare_ranks(of_lookback), border="horizontal", hide_index=True)


def _show_lookbacks(
    attribution: pd.DataFrame, lookbacks: list[int | None], *, measure: Measure, currency: str
) -> None:
    st.subheader("How far to look back", anchor=False)
    model = st.selectbox("By", list(MODELS), index=1, format_func=tables.name_model, key="lookback_model", width=260)
    compared = tables.compare_lookbacks(
        attribution,
        model=model or "last",
        lookbacks=lookbacks,
        measure=measure,
        currency=currency,
    )
    st.table(compared, border="horizontal", hide_index=True)


def _show_costs(context: PageContext, business: Business, of_lookback: pd.DataFrame) -> None:
    st.subheader("What channels cost", anchor=False)
    costs = attribution_queries.fetch_costs(context.file, tenant_id=business.tenant_id, count_months=_COST_MONTHS)
    if costs.empty:
        st.caption("No spend, leads or bookings in the last 12 months.")
        return
    model = st.selectbox(
        "Return by", list(MODELS), index=1, format_func=tables.name_model, key="return_model", width=260
    )
    spend = of_lookback[of_lookback["model"] == (model or "last")]
    st.table(tables.tabulate_costs(costs, spend), border="horizontal", hide_index=True)
    st.caption(
        "Spend, leads and bookings of the last 12 months; return is revenue per unit of spend since the beginning."
    )
    if told_again := int(costs["told_again_minor"].sum()):
        amount = escape_markdown(format_money(told_again, costs["currency"].iloc[0]))
        st.caption(
            f"{amount} of spend was reported twice at different levels, such as a week and its days, or a "
            "channel and "
            "its campaigns. It counts once, at the finer level."
        )
    if not costs["spend_minor"].sum():
        st.info(
            "No spend is known. Import it with `frontdesk import`, so that leads, bookings and returns have a price.",
            icon=":material/payments:",
        )


def _show_payback(context: PageContext, business: Business) -> None:
    payback = attribution_queries.fetch_payback(context.file, tenant_id=business.tenant_id, count_cohorts=_COHORTS)
    if payback.empty or not payback["spend_minor"].sum():
        return
    st.subheader("Payback by month of first contact", anchor=False)
    st.altair_chart(
        tables.build_payback_chart(payback),
        alt="How much of each month's spend its new contacts have paid back, month by month",
    )
    st.caption("100 % is paid back. What people of a month have paid so far, by what marketing cost in that month.")


def _as_csv(table: pd.DataFrame) -> bytes:
    stream = StringIO()
    writer = CsvWriter(stream)
    writer.write(table.columns)
    for row in table.astype(object).where(table.notna(), None).itertuples(index=False):
        writer.write(row)
    return stream.getvalue().encode()


def _offer_download(context: PageContext, business: Business, attribution: pd.DataFrame) -> None:
    st.download_button(
        "Download all models and lookbacks (CSV)",
        _as_csv(attribution),
        file_name=f"{business.tenant_id}-attribution.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click=_note_download,
        args=(context, business),
    )


def _note_download(context: PageContext, business: Business) -> None:
    with actions.explained_refusal(), context.open_api(business.tenant_id) as api:
        api.note("attribution.downloaded", business.tenant_id)


_show_page()
