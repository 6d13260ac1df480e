"""Adds what marketing brought to the published file: all models and lookbacks, spend, costs and payback."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from tests.dashboard.published_file import ANNA, JOSE, MASSAGE, PublishedRows

CONVERSIONS, REVENUE_MINOR = 40, 500_001
LOOKBACKS: tuple[int | None, ...] = (7, 30, None)
#: Conversions and revenue of each channel by last touch; other models shift some from the first to the second.
_BY_LAST = {"google": (22.0, 275_001), "instagram": (12.0, 150_000), "referral": (4.0, 50_000), "none": (2.0, 25_000)}
_SPEND = {"google": 120_000, "instagram": 40_000}
_SHIFTS = {
    "first": 11.0,
    "last": 0.0,
    "last_non_direct": 1.0,
    "linear": 4.5,
    "position": 5.25,
    "time_decay": 3.125,
    "markov": 6.5,
    "markov_no_nulls": 6.0,
    "shapley": 5.5,
}


def add_attribution(rows: PublishedRows, *, now: datetime) -> PublishedRows:
    """Add them to the first business; return the same rows."""
    rows.add(
        "marts.dim_attribution_settings",
        tenant_id=MASSAGE,
        conversion="booking.created",
        revenue="payments",
        currency="AUD",
        zone="Australia/Perth",
        lookbacks_days=list(LOOKBACKS),
        half_life_days=7.0,
        position_first=40.0,
        position_between=20.0,
        position_last=40.0,
    )
    _add_conversions(rows, now)
    _add_credits(rows)
    _add_costs(rows, now)
    return rows


def _add_conversions(rows: PublishedRows, now: datetime) -> None:
    for number in range(CONVERSIONS):
        converted_at = now - timedelta(days=number, hours=2)
        rows.add(
            "marts.fct_conversions",
            tenant_id=MASSAGE,
            conversion_key=f"conversion-{number}",
            contact_id=ANNA if number == 3 else JOSE,
            conversion_type="booking.created",
            conversion_number=1,
            converted_at=converted_at,
            revenue_minor=12_501 if number == 3 else 12_500,
            currency="AUD",
        )
    converted_at = now - timedelta(days=3, hours=2)
    for number, (channel, campaign, days) in enumerate((("instagram", "autumn_offer", 16), ("google", None, 4))):
        touch = {
            "tenant_id": MASSAGE,
            "contact_id": ANNA,
            "conversion_key": "conversion-3",
            "touchpoint_key": f"touch-{number}",
            "channel": channel,
            "campaign": campaign,
            "converted_at": converted_at,
        }
        at = now - timedelta(days=days)
        rows.add("marts.fct_journey_touches", **touch, occurred_at=at, count_touches_after=1 - number)
        for model, credit in (("first", 1.0 - number), ("last", float(number)), ("linear", 0.5)):
            if credit:
                rows.add(
                    "marts.fct_attribution_credits",
                    **touch,
                    model=model,
                    position=number + 1,
                    credit=credit,
                    revenue_minor=round(12_501 * credit),
                )


def _add_credits(rows: PublishedRows) -> None:
    for lookback in LOOKBACKS:
        # A shorter lookback knows fewer touches: more conversions without any.
        unknown = {7: 6.0, 30: 2.0, None: 0.0}[lookback]
        ranks_of_last = {"google": 1, "instagram": 2, "referral": 3, "none": 4}
        for model, shift in _SHIFTS.items():
            counts = {channel: conversions for channel, (conversions, _) in _BY_LAST.items()}
            money = {channel: revenue for channel, (_, revenue) in _BY_LAST.items()}
            for given, taken, moved in (("google", "instagram", shift), ("google", "none", unknown)):
                counts[given] -= moved
                counts[taken] += moved
                money[given] -= round(moved * 12_500)
                money[taken] += round(moved * 12_500)
            by_count = sorted(counts, key=lambda channel: -counts[channel])
            for channel, conversions in counts.items():
                rank, spend = by_count.index(channel) + 1, _SPEND.get(channel, 0)
                rows.add(
                    "reports.rpt_channel_attribution",
                    tenant_id=MASSAGE,
                    model=model,
                    lookback_days=lookback,
                    channel=channel,
                    conversions=conversions,
                    share=conversions / CONVERSIONS,
                    revenue_minor=money[channel],
                    conversion_rank=rank,
                    rank_change_to_last=ranks_of_last[channel] - rank,
                    spend_minor=spend,
                    cost_per_conversion_minor=round(spend / conversions) if conversions else None,
                    return_on_spend=money[channel] / spend if spend else None,
                    currency="AUD",
                )
            if model in ("markov", "shapley"):
                rows.add(
                    "marts.fct_channel_credits_modelled",
                    tenant_id=MASSAGE,
                    model=model,
                    lookback_days=lookback,
                    channel="google",
                    conversions=counts["google"],
                    computed_at_sequence=4000,
                )


def _add_costs(rows: PublishedRows, now: datetime) -> None:
    this_month = now.date().replace(day=1)
    months = [this_month]
    while len(months) < 6:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    for number, month in enumerate(months):
        for channel, leads, bookings in (("google", 20, 8), ("instagram", 15, 3), ("none", 0, 2)):
            rows.add(
                "reports.rpt_channel_costs",
                tenant_id=MASSAGE,
                channel=channel,
                cost_month=month,
                spend_minor=_SPEND.get(channel, 0) // 6,
                told_again_minor=0,
                count_leads=leads,
                count_bookings=bookings,
                currency="AUD",
            )
        _add_cohort(rows, month, months_known=number)


def _add_cohort(rows: PublishedRows, month: date, *, months_known: int) -> None:
    for months_since in range(months_known + 1):
        so_far = 11_000 * (months_since + 1)
        rows.add(
            "reports.rpt_payback",
            tenant_id=MASSAGE,
            acquisition_month=month,
            months_since=months_since,
            count_contacts=31,
            spend_minor=26_666,
            revenue_minor=11_000,
            revenue_so_far_minor=so_far,
            is_paid_back=so_far >= 26_666,
            payback_months=2 if months_known >= 2 else None,
            currency="AUD",
        )
