"""Attribution in the warehouse: a few journeys whose every credit was worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.facts import fact
from tests.pipelines.homes import Home, HomeFactory

START = datetime(2026, 9, 1, 10, tzinfo=ZoneInfo("Australia/Perth"))
ANA, BEN, CEM = ({"phone": f"0400 000 00{number}"} for number in (1, 2, 3))
DEE, ELI = ({"phone": f"0400 000 00{number}", "email": "family@example.com"} for number in (4, 5))


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def touch(name: str, contact: dict[str, str], channel: str, days: float) -> NewEvent:
    return fact("touch.recorded", {"contact": contact, "channel": channel}, event_id=name, at=at(days))


def paid(
    name: str, contact: dict[str, str], amount: int, days: float, *, currency: str = "AUD", **more: object
) -> NewEvent:
    payload = {"payment_id": name, "contact": contact, "amount_minor": amount, "currency": currency, **more}
    return fact("payment.succeeded", payload, event_id=name, at=at(days))


def booked(name: str, contact: dict[str, str], days: float) -> NewEvent:
    return fact("booking.created", {"booking_id": name, "contact": contact}, event_id=name, at=at(days))


def spent(name: str, amount: int, days: float) -> NewEvent:
    over = {"period_start": "2026-08-30", "period_end": "2026-09-02"}
    payload = {"channel": "Google", **over, "amount_minor": amount, "currency": "AUD"}
    return fact("spend.recorded", payload, event_id=name, at=at(days))


def history() -> Iterator[NewEvent]:
    # Ana: google, instagram, email, direct, then a booking; a deposit before it and the rest after it. Then another
    # booking without any touch.
    yield touch("t-1", ANA, "Google", 0)
    yield touch("t-2", ANA, "instagram", 3)
    # A form tells of the same touch as a lead.
    yield fact("lead.created", {"contact": ANA, "channel": "Instagram"}, event_id="lead-1", at=at(3))
    yield touch("t-9", ANA, "email", 10)
    yield touch("t-10", ANA, "direct", 10)  # of the same instant: by their ids, 9 before 10
    yield paid("deposit", ANA, 1_000, 9)
    yield booked("b-1", ANA, 10)
    yield paid("rest", ANA, 9_001, 12, booking_id="b-1")
    yield booked("b-2", ANA, 20)
    # Ben: one touch, forty days before he books; pays in a currency that is not the business's.
    yield touch("t-20", BEN, "google", 0)
    yield booked("b-3", BEN, 40)
    yield paid("foreign", BEN, 5_000, 41, currency="USD")
    # Cem never books.
    yield touch("t-30", CEM, "instagram", 1)
    # Dee and Eli share an address, which alone says who paid: neither of the two for sure, but for Eli's booking.
    yield fact("contact.updated", {"contact": DEE}, event_id="dee", at=at(1))
    yield booked("b-4", ELI, 5)
    yield paid("for-eli", {"email": ELI["email"]}, 7_000, 6, booking_id="b-4")
    yield spent("spend-1", 1_000, 1)
    yield spent("spend-2", 1_001, 2)  # corrects it


@pytest.fixture(scope="module")
def followed(homes: HomeFactory) -> Home:
    """Return a home that was told the history backwards, and computed after it what only builds compute."""
    home = homes.new_home()
    backwards = list(reversed(list(history())))
    home.follow_in_batches([backwards[start : start + 4] for start in range(0, len(backwards), 4)])
    home.build("fct_channel_credits_modelled")
    return home


def credits_of(home: Home, booking: str, lookback: str) -> dict[str, dict[str, tuple[float, int]]]:
    """Return credit and revenue by model and channel."""
    rows = home.query(
        f"""
        select model, channel, credit, credits.revenue_minor
        from marts.fct_attribution_credits as credits
        inner join marts.fct_conversions using (conversion_key)
        where booking_id = '{booking}' and lookback_days is not distinct from {lookback}
        """
    )
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for model, channel, credit, revenue in rows:
        assert isinstance(credit, float)
        assert isinstance(revenue, int)
        found.setdefault(str(model), {})[str(channel)] = (round(credit, 6), revenue)
    return found


def test_a_journey_is_credited_by_every_rule_to_the_cent(followed: Home) -> None:
    # 10001 cents. Decay with a half-life of seven days: weights 2^(-10/7) = 0.371499, 2^-1, 1 and 1, together
    # 2.871499. Shares of 1293.89, 1741.44, 3482.84 and 3482.84 cents: three cents over go to the three largest rests.
    # By position 4000.4, 1000.1, 1000.1 and 4000.4: one cent over, to the earlier of the two largest.
    assert credits_of(followed, "b-1", "null") == {
        "first": {"google": (1, 10_001)},
        "last": {"direct": (1, 10_001)},
        "last_non_direct": {"email": (1, 10_001)},
        "linear": {
            "google": (0.25, 2_501), "instagram": (0.25, 2_500), "email": (0.25, 2_500), "direct": (0.25, 2_500),
        },
        "position": {
            "google": (0.4, 4_001), "instagram": (0.1, 1_000), "email": (0.1, 1_000), "direct": (0.4, 4_000),
        },
        "time_decay": {
            "google": (0.129374, 1_294), "instagram": (0.174125, 1_741),
            "email": (0.34825, 3_483), "direct": (0.34825, 3_483),
        },
    }  # fmt: skip


def test_a_lookback_leaves_out_what_is_older_and_a_touch_on_its_edge_counts(followed: Home) -> None:
    # Instagram was seven days before the booking to the second. Of three touches the one between has the 20 % alone.
    found = credits_of(followed, "b-1", "7")
    assert found["first"] == {"instagram": (1, 10_001)}
    assert found["position"] == {"instagram": (0.4, 4_001), "email": (0.2, 2_000), "direct": (0.4, 4_000)}


def test_what_nothing_led_to_is_the_channel_none_s(followed: Home) -> None:
    # Ana's second booking comes after touches that the first has used up; Ben's touch is forty days old.
    assert set(map(str, credits_of(followed, "b-2", "null").values())) == {"{'none': (1.0, 0)}"}
    assert credits_of(followed, "b-3", "30")["linear"] == {"none": (1, 0)}
    assert credits_of(followed, "b-3", "90")["linear"] == {"google": (1, 0)}


def test_money_goes_to_the_booking_it_names_whoever_paid_or_to_the_nearest(followed: Home) -> None:
    rows = followed.query("select booking_id, revenue_minor from marts.fct_conversions order by booking_id")
    assert rows == [("b-1", 10_001), ("b-2", 0), ("b-3", 0), ("b-4", 7_000)]


def test_every_model_and_lookback_adds_up_to_conversions_and_revenue(followed: Home) -> None:
    totals = followed.query(
        """
        select count(*), min(round(conversions, 9)), max(round(conversions, 9)), min(revenue), max(revenue)
        from (
            select model, lookback_days, sum(conversions) as conversions, sum(revenue_minor) as revenue
            from reports.rpt_channel_attribution where tenant_id = 'avatar-imaging' group by all
        )
        """
    )
    assert totals == [(9 * 4, 4.0, 4.0, 17_001, 17_001)]


def test_paths_are_counted_with_those_that_lead_nowhere(followed: Home) -> None:
    rows = followed.query(
        "select path, count_conversions, count_nulls, revenue_minor from marts.fct_attribution_paths "
        "where lookback_days is null order by path"
    )
    assert rows == [
        ("", 2, 0, 7_000),
        ("google", 1, 0, 0),
        ("google > instagram > email > direct", 1, 0, 10_001),
        ("instagram", 0, 1, 0),
    ]


def test_markov_is_the_chain_by_hand(followed: Home) -> None:
    # From the start to google 2/3, to instagram 1/3; google converts or goes on to instagram, each 1/2; instagram
    # goes on or is lost, each 1/2. Conversion: 2/3 * 1/2 + (2/3 * 1/2 + 1/3) * 1/2 = 2/3. Without google 1/3 * 1/2 =
    # 1/6, so that 3/4 are lost; without any other 2/3 * 1/2 = 1/3, half is lost. Two conversions by 3 : 2 : 2 : 2.
    rows = followed.query(
        "select channel, removal_effect, conversions from marts.fct_channel_credits_modelled "
        "where model = 'markov' and lookback_days is null and channel <> 'none' order by channel"
    )
    others = (1 / 2, 4 / 9)
    expected = {"direct": others, "email": others, "google": (3 / 4, 6 / 9), "instagram": others}
    found = {channel: (removal, conversions) for channel, removal, conversions in rows}
    assert found == {channel: pytest.approx(pair) for channel, pair in expected.items()}


def test_shapley_shares_each_path_equally(followed: Home) -> None:
    rows = followed.query(
        "select channel, conversions, revenue_minor from marts.fct_channel_credits_modelled "
        "where model = 'shapley' and lookback_days is null order by channel"
    )
    assert rows == [
        ("direct", 0.25, 2_501),
        ("email", 0.25, 2_500),
        ("google", 1.25, 2_500),
        ("instagram", 0.25, 2_500),
        ("none", 2.0, 7_000),
    ]


def test_modelled_credits_say_what_they_were_computed_from(followed: Home) -> None:
    rows = followed.query("select distinct computed_at_sequence from marts.fct_channel_credits_modelled")
    assert rows == [(len(list(history())),)]


def test_a_period_is_spent_by_its_days_and_corrected_by_its_newest_telling(followed: Home) -> None:
    # 1001 over four days, two of them in August: 500.5 rounded down, the rest in September.
    rows = followed.query("select channel, spend_month::varchar, spend_minor from marts.fct_channel_spend order by 2")
    assert rows == [("google", "2026-08-01", 500), ("google", "2026-09-01", 501)]
    costs = followed.query(
        "select cost_month::varchar, spend_minor, count_bookings, cost_per_booking_minor "
        "from reports.rpt_channel_costs where channel = 'google' order by 1"
    )
    assert costs == [("2026-08-01", 500, 0, None), ("2026-09-01", 501, 0, None), ("2026-10-01", 0, 1, 0)]


def test_ranks_move_against_last_touch(followed: Home) -> None:
    # By last touch email has nothing and is behind none, direct and google; by last non-direct it has one, as google.
    rows = followed.query(
        "select model, conversion_rank, rank_change_to_last from reports.rpt_channel_attribution "
        "where channel = 'email' and lookback_days is null and model in ('last', 'last_non_direct') order by model"
    )
    assert rows == [("last", 4, 0), ("last_non_direct", 2, 2)]
