"""One history of money, summed by everything that shows money: all say the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from frontdesk.core.log.envelope import NewEvent
from sandbox.summary import _COUNTS
from tests.domains.payments.stripe_events import FIRST_SECOND, TENANT, StripePayment
from tests.pipelines.facts import fact
from tests.pipelines.homes import Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

#: What is left of it all: 180 - 80 + 350 - 350 + 350 + 180 + 60 + 500 - 200, in cents.
NET = 99_000
DAY = 86_400
_OF_TENANT = f"tenant_id = '{TENANT}'"


def history() -> list[NewEvent]:
    """Return payments of whose every kind of return there is one, each of a contact with a booking."""
    partly = StripePayment(name="partly")
    failed = StripePayment(name="failed")
    lost, won = StripePayment(name="lost", amount=35_000), StripePayment(name="won", amount=35_000)
    captured = StripePayment(name="captured", amount=10_000)
    unknown = StripePayment(name="unknown", amount=7_700)
    events = [
        partly.intent(),
        partly.charge("refunded", at=40 * DAY, refunded=5_000, before=0),
        partly.refund("refund.created", "succeeded", at=40 * DAY, amount=5_000, number=1),
        partly.refund("refund.created", "pending", at=41 * DAY, amount=3_000, number=2),
        failed.intent(),
        failed.charge("refunded", at=DAY, refunded=18_000, before=0),
        failed.refund("refund.failed", "failed", at=45 * DAY),
        lost.intent(),
        lost.dispute("created", "needs_response", at=9 * DAY, movements=1),
        lost.dispute("closed", "lost", at=60 * DAY, movements=1),
        won.intent(),
        won.dispute("created", "needs_response", at=9 * DAY),
        won.dispute("closed", "won", at=60 * DAY),
        captured.charge(captured=0),
        captured.charge("captured", at=DAY, captured=6_000),
        # A refund whose payment nobody told of counts nowhere.
        unknown.refund("refund.created", "succeeded", at=3 * DAY),
    ]
    at = datetime.fromtimestamp(FIRST_SECOND, UTC)
    till = {"payment_id": "till-1", "contact": {"email": "till@example.com"}, "currency": "AUD"}
    events.append(fact("payment.succeeded", till | {"amount_minor": 50_000}, event_id="till-1", at=at))
    events.append(fact("payment.refunded", till | {"refunded_minor": 20_000}, event_id="till-2", at=at))
    orphan = till | {"payment_id": "till-9", "refunded_minor": 4_400}
    events.append(fact("payment.refunded", orphan, event_id="till-9", at=at))
    for name in ("partly", "failed", "lost", "won", "captured", "unknown", "till"):
        booking = {"booking_id": f"b-{name}", "contact": {"email": f"{name}@example.com"}}
        events.append(fact("booking.created", booking, event_id=f"b-{name}", at=at))
    return events


@pytest.fixture(scope="module")
def home(homes: HomeFactory) -> Home:
    home = homes.new_home()
    events = history()
    home.follow_in_batches([events[at : at + 7] for at in range(0, len(events), 7)])
    return home


def _readme_query() -> str:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    query = re.search(r"What came in per month.*?```sql\n(.*?);\n```", text, re.DOTALL)
    assert query
    return query[1]


def _question(number: int) -> str:
    text = (REPOSITORY / "docs" / "questions.md").read_text(encoding="utf-8")
    query = re.search(rf"### {number}\. .*?```sql\n(.*?);\n```", text, re.DOTALL)
    assert query
    return query[1]


SURFACES = {
    "payments": f"select sum(net_minor) from marts.fct_payments where {_OF_TENANT}",
    "their amounts": (
        "select sum(amount_minor - refunded_minor - lost_minor) from marts.fct_payments"
        f" where {_OF_TENANT} and succeeded_at is not null"
    ),
    "their changes": (
        "select sum(received_change_minor - refunded_change_minor - lost_change_minor)"
        f" from marts.fct_payment_changes where {_OF_TENANT}"
    ),
    "contacts": f"select sum(amount_paid_minor) from marts.dim_contacts where {_OF_TENANT}",
    "contacts at a moment": (
        f"select sum(amount_paid_minor) from marts.contact_at('2100-01-01 00:00:00+00') where {_OF_TENANT}"
    ),
    "conversions": f"select sum(revenue_minor) from marts.fct_conversions where {_OF_TENANT}",
    "credits": (
        "select sum(revenue_minor) from marts.fct_attribution_credits"
        f" where {_OF_TENANT} and model = 'linear' and lookback_days is null"
    ),
    "channels": (
        "select sum(revenue_minor) from reports.rpt_channel_attribution"
        f" where {_OF_TENANT} and model = 'last' and lookback_days is null"
    ),
    "payback": f"select sum(revenue_minor) from reports.rpt_payback where {_OF_TENANT}",
    "measurements": (
        "select sum(if(metric = 'revenue_received', value, -value)) from reports.rpt_measurements"
        f" where {_OF_TENANT} and metric in ('revenue_received', 'revenue_returned')"
    ),
    "parts of what was returned": (
        "select sum(if(metric = 'revenue_received', value, -value)) from reports.rpt_measurements"
        f" where {_OF_TENANT} and metric in ('revenue_received', 'revenue_refunded', 'revenue_lost')"
    ),
    "months": (
        "select sum(value) from reports.rpt_period_figures"
        f" where {_OF_TENANT} and period_kind = 'monthly' and metric = 'revenue_net'"
    ),
    "weeks": (
        "select sum(value) from reports.rpt_period_figures"
        f" where {_OF_TENANT} and period_kind = 'weekly' and metric = 'revenue_net'"
    ),
    "months of one business, as reports ask": (
        f"select sum(value) from reports.period_figures('{TENANT}', date '2026-01-01', date '2028-01-01')"
        " where period_kind = 'monthly' and metric = 'revenue_net'"
    ),
    "breakdown": (
        "select sum(if(metric = 'revenue_received', value, -value)) from reports.rpt_period_breakdown"
        f" where {_OF_TENANT} and period_kind = 'monthly' and dimension = 'channel'"
        " and metric in ('revenue_received', 'revenue_returned')"
    ),
    "README": f"select sum(round(received * 100)::bigint) from ({_readme_query()}) where {_OF_TENANT}",
    "question 17": f"select sum(received_minor) from ({_question(17)}) where {_OF_TENANT}",
    "the demo's summary": (
        f"select sum(revenue) from ({_COUNTS}) as t(tenant_id, e, c, b, p, m, tp, revenue, currency)"
        f" where {_OF_TENANT}"
    ),
}


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_tells_the_same_sum(home: Home, surface: str) -> None:
    rows = home.query(SURFACES[surface])
    assert int(str(rows[0][0])) == NET


def test_what_is_in_no_sum_is_shown_as_odd(home: Home) -> None:
    rows = home.query(
        f"select problem, entity_id, amount_minor from reports.rpt_odd_money where {_OF_TENANT} order by all"
    )
    assert rows == [
        ("refund_without_payment", "pi_unknown", 7_700),
        ("refund_without_payment", "till-9", 4_400),
    ]


def test_contacts_were_worth_then_what_was_known_then(home: Home) -> None:
    paid = "select sum(amount_paid_minor) from marts.contact_at(to_timestamp({second})) where " + _OF_TENANT
    # All refunded of the one that failed later; nothing lost yet, nothing of the first given back.
    rows = home.query(paid.format(second=FIRST_SECOND + 20 * DAY))
    assert rows == [(18_000 + 0 + 35_000 + 35_000 + 6_000 + 30_000,)]


def test_the_refund_that_failed_is_a_line_and_a_task(home: Home) -> None:
    lines = home.query(
        "select title, detail, amount_minor from marts.fct_timeline"
        " where entity_id = 'pi_failed' and type = 'refund.failed'"
    )
    assert lines == [("Refund failed", "expired_or_canceled_card", 18_000)]
    decided = home.query(f"select count(*) from marts.fct_decisions where {_OF_TENANT} and rule_id = 'refund_failed'")
    assert decided == [(1,)]


def test_the_dispute_and_its_fee_are_seen(home: Home) -> None:
    lines = home.query(
        "select type, detail, amount_minor from marts.fct_timeline"
        " where entity_id = 'pi_lost' and type in ('payment.disputed', 'dispute.lost') order by occurred_at"
    )
    assert lines == [
        ("payment.disputed", "fraudulent, needs_response, fee 15.00 AUD", 35_000),
        ("dispute.lost", "fraudulent, lost, fee 15.00 AUD", 35_000),
    ]


@pytest.mark.parametrize(
    ("currency", "stripes", "minor"),
    [("isk", 50_000, 500), ("ugx", 1_234_500, 12_345), ("kwd", 5_120, 5_120), ("jpy", 500, 500)],
)
def test_stripes_units_become_the_currencys(homes: HomeFactory, currency: str, stripes: int, minor: int) -> None:
    home = homes.new_home()
    home.follow_in_batches([[StripePayment(name="abroad", amount=stripes, currency=currency).intent()]])
    assert home.query("select amount_minor, net_minor, currency from marts.fct_payments") == [
        (minor, minor, currency.upper())
    ]


def deal(number: int, amount: object, currency: str = "GBP", tenant_id: str = "technifold") -> NewEvent:
    payload = {"event_type": "deal_won", "contact_id": f"z-{number}", "deal_id": f"d-{number}", "amount": amount}
    return fact(
        "zoho.deal_won", payload | {"currency": currency}, event_id=f"d-{number}", source="zoho", tenant_id=tenant_id
    )


def test_amounts_of_deals_are_read_or_told(homes: HomeFactory) -> None:
    amounts = ["1200.00", "1,200.00", "\u00a31,200.00", "GBP 1,200", 1200, 1.2e3, "1.200,00", "twelve", "-5", ""]
    home = homes.new_home()
    home.follow_in_batches([[deal(number, amount) for number, amount in enumerate(amounts)]])
    read = home.query(
        "select entity_id, amount_minor, unread_amount from marts.fct_timeline where type = 'deal.won' order by 1"
    )
    assert read == [
        *((f"d-{number}", 120_000, None) for number in range(6)),
        *(("d-6", None, "1.200,00"), ("d-7", None, "twelve"), ("d-8", None, "-5"), ("d-9", None, None)),
    ]
    odd = home.query(
        "select entity_id, detail from reports.rpt_odd_money where problem = 'amount_not_read' order by 1"
    )
    assert odd == [("d-6", "1.200,00"), ("d-7", "twelve"), ("d-8", "-5")]


def appointment(name: str, calendar: str, title: str) -> NewEvent:
    content = {
        "type": "AppointmentCreate",
        "appointment": {
            "id": name,
            "title": title,
            "calendarId": calendar,
            "contactId": f"c-{name}",
            "appointmentStatus": "confirmed",
            "startTime": "2026-12-10T15:00:00-06:00",
        },
    }
    return fact("gohighlevel.AppointmentCreate", content, event_id=name, source="gohighlevel", tenant_id="hmnp")


def test_the_calendar_tells_the_service_and_the_title_is_a_title(homes: HomeFactory) -> None:
    home = homes.new_home()
    home.follow_in_batches(
        [[appointment("a", "cal_loan_signing", "Jane Roe"), appointment("b", "cal_of_no_service", "John Poe")]]
    )
    assert home.query("select booking_id, service_name from marts.fct_bookings order by 1") == [
        ("a", "Loan Signing"),
        ("b", None),
    ]
    named = "select count(*) from reports.rpt_period_breakdown where dimension_value in ('Jane Roe', 'John Poe')"
    assert home.query(named) == [(0,)]


def spend(
    name: str,
    first: str,
    last: str,
    amount: int,
    *,
    campaign: str | None = None,
    days: int = 0,
    channel: str = "Ads ",
) -> NewEvent:
    payload = {
        "channel": channel,
        "period_start": first,
        "period_end": last,
        "amount_minor": amount,
        "currency": "AUD",
    }
    at = datetime(2026, 11, 16 + days, tzinfo=UTC)
    return fact("spend.recorded", payload | ({"campaign": campaign} if campaign else {}), event_id=name, at=at)


WEEK = ("2026-11-02", "2026-11-08")
SPEND_STORIES = {
    "a week and its days": (
        [
            spend("w", *WEEK, 70_000),
            *(spend(f"d{day}", f"2026-11-0{day}", f"2026-11-0{day}", 10_000, days=1) for day in range(2, 9)),
        ],
        70_000,
    ),
    "a week and two of its days": (
        [
            spend("w", *WEEK, 70_000),
            *(spend(f"d{day}", f"2026-11-0{day}", f"2026-11-0{day}", 15_000) for day in (2, 8)),
        ],
        80_000,
    ),
    "two weeks that overlap, of which the newer counts": (
        [spend("w", *WEEK, 70_000), spend("v", "2026-11-05", "2026-11-11", 140_000, days=1)],
        30_000 + 140_000,
    ),
    "a day that is corrected": (
        [spend("d", WEEK[0], WEEK[0], 10_000), spend("e", WEEK[0], WEEK[0], 9_000, days=1)],
        9_000,
    ),
    "a channel and its campaigns": (
        [spend("w", *WEEK, 70_000), spend("a", *WEEK, 30_000, campaign="a"), spend("b", *WEEK, 40_000, campaign="b")],
        70_000,
    ),
    "a channel of which some campaigns are known": (
        [spend("w", *WEEK, 70_000), spend("a", *WEEK, 30_000, campaign="a")],
        70_000,
    ),
    "a campaign that is written otherwise": (
        [
            spend("w", *WEEK, 70_000, campaign="Brand"),
            *(
                spend(f"d{day}", f"2026-11-0{day}", f"2026-11-0{day}", 10_000, campaign="brand ", days=1)
                for day in range(2, 9)
            ),
        ],
        70_000,
    ),
    "a channel that is written otherwise": (
        [
            spend("w", *WEEK, 70_000, channel="Ads"),
            spend("v", *WEEK, 60_000, channel="\u00a0ads\u00a0", days=1),
        ],
        60_000,
    ),
    "two campaigns": (
        [spend("a", *WEEK, 30_000, campaign="a"), spend("b", *WEEK, 40_000, campaign="b")],
        70_000,
    ),
}


@pytest.mark.parametrize("story", SPEND_STORIES)
def test_spend_that_is_told_at_two_grains_counts_once(homes: HomeFactory, story: str) -> None:
    events, expected = SPEND_STORIES[story]
    home = homes.new_home()
    home.follow_in_batches([events])
    told = sum(int(str(row[0])) for row in home.query("select amount_minor from marts.fct_spend"))
    rows = home.query("select sum(spend_minor)::bigint, sum(told_again_minor)::bigint from marts.fct_channel_spend")
    assert rows == [(expected, told - expected)]
    assert home.query("select sum(told_again_minor)::bigint from reports.rpt_channel_costs") == [(told - expected,)]
