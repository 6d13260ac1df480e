"""Refunds that can't be what they say: in another currency than was paid, or more than was paid."""

from __future__ import annotations

from core.envelope import NewEvent
from tests.pipelines.facts import fact
from tests.pipelines.homes import Home


def test_a_refund_in_another_currency_or_above_the_payment_is_listed_and_changes_no_currency(home: Home) -> None:
    def paid(name: str, amount: int, currency: str, **other: int) -> NewEvent:
        payload = {"payment_id": name, "amount_minor": amount, "currency": currency, **other}
        return fact("payment.succeeded", payload, event_id=f"{name}-paid")

    def returned(name: str, amount: int, currency: str) -> NewEvent:
        payload = {"payment_id": name, "refunded_minor": amount, "currency": currency}
        return fact("payment.refunded", payload, event_id=f"{name}-back", hours=1)

    events = [
        paid("yen", 420_000, "JPY"),
        returned("yen", 280_000, "AUD"),
        paid("more", 5_000, "AUD"),
        returned("more", 8_000, "AUD"),
        paid("both", 5_000, "AUD", refunded_minor=2_000),
    ]
    home.follow_in_batches([events])

    columns = "payment_id, currency, refunded_minor, told_refunded_minor, net_minor"
    assert home.query(f"select {columns} from marts.fct_payments order by all") == [
        ("both", "AUD", 2_000, 2_000, 3_000),
        ("more", "AUD", 5_000, 8_000, 0),
        ("yen", "JPY", 0, 0, 420_000),
    ]
    odd = "select problem, entity_id, amount_minor, currency from reports.rpt_odd_money order by all"
    assert home.query(odd) == [
        ("given_back_in_another_currency", "yen", 280_000, "AUD"),
        ("refund_above_amount", "more", 8_000, "AUD"),
    ]
