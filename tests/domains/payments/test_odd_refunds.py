"""Refunds that can't be what they say: in another currency than was paid, or more than was paid."""

from __future__ import annotations

from frontdesk.core.log.envelope import NewEvent
from tests.domains.payments.stripe_events import StripePayment
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


def test_money_of_an_unknown_currency_is_in_no_figure_and_is_listed(home: Home) -> None:
    paid = {"payment_id": "which", "amount_minor": 12_050, "contact": {"email": "ana@example.com"}}
    home.follow_in_batches([[fact("payment.succeeded", paid, event_id="which")]])

    assert home.query("select amount_paid_minor from marts.dim_contacts where is_identified") == [(0,)]
    money = "select count(*) from reports.rpt_measurements where metric like 'revenue%' or metric like 'tax%'"
    assert home.query(money) == [(0,)]
    assert home.query("select count(*) from reports.rpt_revenue_shares") == [(0,)]
    assert home.query("select problem, entity_id from reports.rpt_odd_money") == [
        ("payment_without_currency", "which")
    ]


def test_each_dispute_costs_its_own_fee_and_only_in_the_payments_currency(home: Home) -> None:
    def disputed(name: str, currency: str, fees: tuple[tuple[int, str], ...], *, at: int) -> NewEvent:
        dispute = {
            "id": f"dp_{name}",
            "object": "dispute",
            "amount": 1_000,
            "currency": currency,
            "payment_intent": f"pi_{currency}",
            "status": "needs_response",
            "balance_transactions": [{"fee": fee, "currency": of} for fee, of in fees],
        }
        body = {"type": "charge.dispute.updated", "data": {"object": dispute}}
        return fact("stripe.charge.dispute.updated", body, event_id=f"{name}-{at}", hours=at, source="stripe")

    home.follow_in_batches(
        [
            [disputed("a", "aud", ((1_500, "aud"),), at=1), disputed("b", "aud", ((2_500, "aud"),), at=2)],
            [disputed("a", "aud", ((1_500, "aud"), (-1_500, "aud")), at=3)],
            [disputed("c", "jpy", ((2_500, "aud"),), at=1)],
        ]
    )

    fees = "select payment_id, dispute_fee_minor from marts.fct_payments order by all"
    assert home.query(fees) == [("pi_aud", 2_500), ("pi_jpy", None)]


def test_what_is_released_of_an_authorisation_is_not_given_back(home: Home) -> None:
    held = StripePayment(name="held", amount=18_000)
    home.follow_in_batches(
        [
            [
                held.charge("captured", captured=6_000),
                held.charge("refunded", at=60, captured=6_000, refunded=12_000, before=0),
            ]
        ]
    )
    columns = "select status, amount_minor, refunded_minor, net_minor from marts.fct_payments"
    assert home.query(columns) == [("succeeded", 6_000, 0, 6_000)]
