"""Warmness: scores computed by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.pipelines.facts import fact
from tests.pipelines.homes import HomeFactory

ANA = {"contact": {"phone": "0400 000 001", "name": "Ana Lee"}}
BEN = {"contact": {"phone": "0400 000 002", "name": "Ben Roy"}}


def test_warmness_by_hand(homes: HomeFactory) -> None:
    home = homes.new_home()
    start = datetime(2026, 3, 2, tzinfo=UTC)
    paid = {"payment_id": "p1", "amount_minor": 100, "currency": "AUD"}
    replies = [
        fact("message.received", ANA | {"message_id": f"m{day}"}, event_id=f"m{day}", at=start + timedelta(days=day))
        for day in range(14, 18)
    ]
    home.follow_in_batches(
        [
            [fact("lead.created", ANA, event_id="lead", at=start)],
            [
                fact("payment.succeeded", ANA | paid, event_id="paid", at=start + timedelta(days=14)),
                fact("payment.succeeded", ANA | paid, event_id="told again", at=start + timedelta(days=14, hours=1)),
            ],
            replies,
            [fact("booking.no_show", BEN | {"booking_id": "b"}, event_id="b", at=start)],
        ]
    )

    def score(arguments: str) -> list[tuple[object, ...]]:
        return home.query(
            "select display_name, score from marts.warmness_at("
            f"{arguments}) inner join marts.dim_contacts using (contact_id) order by 1"
        )

    # 25 for the lead; after two weeks half of it, 20 for the payment told twice, 15 for a reply.
    assert score("'2026-03-02 00:00:00+00'") == [("Ana Lee", 25.0), ("Ben Roy", 0.0)]
    assert score("'2026-03-16 00:00:00+00'") == [("Ana Lee", 47.5), ("Ben Roy", 0.0)]
    # After three weeks 25 * 0.5^1.5 + 20 * 0.5^0.5 + 15 * (0.5^(7/14) + 0.5^(6/14) + 0.5^(5/14) + 0.5^(4/14)),
    # the replies no more than 45: 8.8388 + 14.1421 + 45 = 67.98.
    replied = 15 * sum(0.5 ** (days / 14) for days in (7, 6, 5, 4))
    assert replied == pytest.approx(45.77, abs=0.01)
    assert score("'2026-03-23 00:00:00+00'") == [("Ana Lee", 67.98), ("Ben Roy", 0.0)]
    assert score("'2026-03-23 00:00:00+00', '2026-01-01 00:00:00+00'") == []
    assert home.query("select min(weights_version), count(*) from reports.rpt_contact_warmness") == [(1, 2)]
    was = home.query(
        "select count_bookings, amount_paid_minor from marts.contact_at('2026-03-16 00:00:00+00') order by 2"
    )
    assert was == [(1, 0), (0, 100)]
