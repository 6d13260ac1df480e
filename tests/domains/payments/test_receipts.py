"""Taxes, lines, staff and service of a payment: the same live as rebuilt, and what does not add up is shown."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.facts import contact, fact
from tests.pipelines.homes import Home, HomeFactory

ANA = {"phone": "0400 000 001", "name": "Ana Lee"}
MOTHER = {"email": "mother@example.com", "name": "Ida Lee"}


def paid(payment_id: str, amount: int, **changes: Any) -> NewEvent:
    payload = {"payment_id": payment_id, "amount_minor": amount, "currency": "AUD", "contact": ANA}
    return fact("payment.succeeded", payload | changes, event_id=f"{payment_id}-paid")


def itemised(payment_id: str, number: int, **line: Any) -> NewEvent:
    payload = {"payment_id": payment_id, "currency": "AUD", "lines": [line]}
    return fact("payment.itemised", payload, event_id=f"{payment_id}-line-{number}", hours=number)


def gst(amount: int) -> dict[str, Any]:
    return {"name": "GST", "rate": "10", "amount_minor": amount}


def booking(verb: str, hours: float, **changes: Any) -> NewEvent:
    payload = {"booking_id": "b-1", "contact": ANA, "service": "Massage"} | changes
    return fact(f"booking.{verb}", payload, event_id=f"b-1-{verb}", hours=hours)


BATCHES = [
    [contact("ana", phone="0400 000 001"), contact("ida", email="mother@example.com")],
    # The lines of a receipt come before its payment, and one is corrected.
    [itemised("receipt", 1, line_id="1", description="Screen", amount_minor=11_000, staff="Lee", taxes=[gst(1_000)])],
    [itemised("receipt", 2, line_id="2", description="Case", amount_minor=2_200, staff="Tess", taxes=[gst(200)])],
    [paid("receipt", 12_100)],
    [itemised("receipt", 3, line_id="2", description="Case", amount_minor=1_100, staff="Tess", taxes=[gst(100)])],
    # A mother pays for her child; who does it is known later, and then is somebody else.
    [booking("created", 0)],
    [paid("deposit", 5_000, contact=MOTHER, booking_id="b-1", taxes=[gst(455)])],
    [booking("confirmed", 1, staff="Dana")],
    [booking("rescheduled", 2, staff="Bo")],
    [
        fact(
            "payment.refunded",
            {"payment_id": "receipt", "currency": "AUD", "refunded_minor": 6_050},
            event_id="receipt-refund",
            hours=4,
        )
    ],
    [
        paid("odd-lines", 1_000, lines=[{"amount_minor": 900}, {"description": "Discount", "amount_minor": -50}]),
        paid("odd-tax", 1_000, tax_minor=1_100),
        paid("odd-taxes", 1_000, tax_minor=90, taxes=[gst(91)]),
        itemised("orphan", 1, amount_minor=500),
        itemised("foreign", 1, amount_minor=500),
        paid("foreign", 500, currency="USD"),
        paid("plain", 700),
    ],
]
ODD = {
    ("odd-lines", "lines_do_not_add_up", 850),
    ("odd-tax", "tax_above_amount", 1_100),
    ("odd-taxes", "taxes_do_not_add_up", 91),
    ("orphan", "lines_without_payment", 500),
    ("foreign", "lines_in_another_currency", 500),
}


@pytest.fixture(scope="module")
def home(homes: HomeFactory) -> Home:
    home = homes.new_home()
    home.follow_in_batches(BATCHES)
    return home


def test_live_is_what_a_rebuild_gives(home: Home) -> None:
    assert home.modeller().verify() == []


def test_a_payment_has_its_taxes_and_who_did_it(home: Home) -> None:
    found = home.query(
        "select payment_id, amount_minor, tax_minor, before_tax_minor, net_minor, net_tax_minor, staff_name, "
        "staff_source, service_name, service_source from marts.fct_payments order by payment_id"
    )
    assert {row[0]: row[1:] for row in found} == {
        "receipt": (12_100, 1_100, 11_000, 6_050, 550, None, "lines", None, None),
        "deposit": (5_000, 455, 4_545, 5_000, 455, "Bo", "booking", "Massage", "booking"),
        "odd-lines": (1_000, None, None, 1_000, None, None, None, None, None),
        "odd-tax": (1_000, 1_100, -100, 1_000, 1_100, None, None, None, None),
        "odd-taxes": (1_000, 90, 910, 1_000, 90, None, None, None, None),
        "orphan": (None, None, None, None, None, None, None, None, None),
        "foreign": (500, None, None, 500, None, None, None, None, None),
        "plain": (700, None, None, 700, None, None, None, None, None),
    }


def test_each_line_and_tax_is_kept_as_it_was_told_last(home: Home) -> None:
    lines = home.query(
        "select line_id, description, amount_minor, tax_minor, staff_name from marts.fct_payment_lines "
        "where payment_id = 'receipt' order by line_id"
    )
    assert lines == [("1", "Screen", 11_000, 1_000, "Lee"), ("2", "Case", 1_100, 100, "Tess")]
    taxes = home.query(
        "select tax_name, tax_rate::varchar, sum(amount_minor)::bigint, count(payment_line_key) "
        "from marts.fct_payment_taxes where payment_id = 'receipt' and is_counted group by all"
    )
    assert taxes == [("GST", "10.000000", 1_100, 2)]


def test_what_does_not_add_up_is_shown_and_kept(home: Home) -> None:
    assert set(home.query("select entity_id, problem, amount_minor from reports.rpt_odd_money")) == ODD


def test_lines_make_nobody_and_are_of_who_pays(home: Home) -> None:
    whose = "select count(distinct contact_id) from marts.{} where payment_id = 'receipt'"
    for mart in ("fct_payments", "fct_payment_lines", "fct_payment_taxes"):
        assert home.query(whose.format(mart)) == [(1,)]


def test_revenue_by_staff_and_service_adds_up_to_the_figures(home: Home) -> None:
    figure = "sum(value) filter (where metric = '{}')::bigint"
    metrics = ("revenue_received", "revenue_returned", "revenue_net", "tax_collected", "revenue_before_tax")
    figures = home.query(
        f"select currency, {', '.join(map(figure.format, metrics))} from reports.rpt_period_figures "
        "where period_kind = 'monthly' and currency is not null and tenant_id = 'avatar-imaging' "
        "group by currency order by currency"
    )
    assert figures == [
        ("AUD", 20_800, 6_050, 14_750, 550 + 455 + 1_100 + 90, 5_500 + 4_545 - 100 + 910),
        ("USD", 500, 0, 500, None, None),
    ]
    columns = ("received_minor", "returned_minor", "net_minor", "tax_minor", "before_tax_minor")
    for dimension in ("staff", "service"):
        added = home.query(
            f"select currency, {', '.join(f'sum({column})::bigint' for column in columns)} "
            f"from reports.rpt_revenue_by_{dimension} where period_kind = 'monthly' "
            "group by currency order by currency"
        )
        assert added == figures


def test_who_did_it_has_each_tax(home: Home) -> None:
    found = home.query(
        "select staff_name, count_payments, received_minor, returned_minor, tax_minor, before_tax_minor, taxes "
        "from reports.rpt_revenue_by_staff where period_kind = 'monthly' and currency = 'AUD' "
        "and staff_name <> 'unknown' order by staff_name"
    )
    assert found == [
        ("Bo", 1, 5_000, 0, 455, 4_545, '[{"name":"GST","amount_minor":455}]'),
        ("Lee", 1, 11_000, 5_500, 500, 5_000, '[{"name":"GST","amount_minor":500}]'),
        ("Tess", 1, 1_100, 550, 50, 500, '[{"name":"GST","amount_minor":50}]'),
    ]
