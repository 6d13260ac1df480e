"""What each person and service earned is in the report: gross, what went back, each tax, what is left."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.reports.document import Report, RevenuePart, Tax
from frontdesk.domains.reports.html_page import to_html
from frontdesk.domains.reports.layout import MISSING, ShareTable, share_tables
from frontdesk.domains.reports.pdf_file import to_pdf
from frontdesk.domains.reports.periods import Period, PeriodKind
from tests.domains.reports.conftest import open_reporting_home
from tests.domains.reports.history import TENANT
from tests.domains.reports.test_long_names import report_with
from tests.pipelines.facts import fact
from tests.pipelines.homes import HomeFactory

MARCH = Period(PeriodKind.MONTHLY, date(2026, 3, 1))


def paid(name: str, amount: int, **more: Any) -> NewEvent:
    contact = {"phone": "+12125550177", "name": "Ana Lee"}
    payload = {"payment_id": name, "amount_minor": amount, "currency": "USD", "contact": contact, **more}
    # The tests' facts are of November: this is in March.
    return fact("payment.succeeded", payload, event_id=name, tenant_id=TENANT, hours=-24 * 250)


@pytest.fixture(scope="module")
def report(homes: HomeFactory) -> Report:
    """Return the report of a month in which somebody told who did what, and of which tax."""
    reporting = open_reporting_home(homes, late=0)
    gst = {"name": "GST", "rate": "10"}
    line = {"line_id": "1", "description": "Screen", "amount_minor": 11_000, "staff": "Lee"}
    reporting.home.log.append(
        [
            paid("receipt", 11_000, lines=[{**line, "taxes": [{**gst, "amount_minor": 1_000}]}]),
            fact(
                "payment.refunded",
                {"payment_id": "receipt", "currency": "USD", "refunded_minor": 5_500},
                event_id="receipt-back",
                tenant_id=TENANT,
                hours=-24 * 249,
            ),
        ]
    )
    reporting.follow()
    return reporting.report(MARCH)


def words_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def table_of(report: Report, title: str) -> ShareTable:
    (table,) = (each for each in share_tables(report) if each.title == title)
    return table


def test_revenue_by_staff_and_service_is_in_the_pdf_with_its_taxes(report: Report) -> None:
    table = table_of(report, "Revenue by staff")
    assert (table.heading, table.columns) == ("Staff", ("Received", "Refunded", "GST", "Before tax"))
    assert ("Lee", ("USD 110.00", "USD 55.00", "USD 5.00", "USD 50.00")) in table.rows
    words = words_of(to_pdf(report))
    assert "Revenue by staff Staff Received Refunded GST Before tax" in words
    assert "Lee USD 110.00 USD 55.00 USD 5.00 USD 50.00" in words
    assert "Revenue by service Service Received Refunded" in words
    assert "<h2>Revenue by staff</h2>" in to_html(report).decode()
    # What a part of it is, is told; together they are the figure.
    received = report.find("revenue_received", currency="USD")
    for dimension in ("staff", "service"):
        parts = [each for each in report.revenue if each.dimension == dimension and each.currency == "USD"]
        assert received is not None
        assert sum(each.received_minor for each in parts) == received.value


def part(name: str, *taxes: tuple[str | None, int], before_tax: int | None = 100) -> RevenuePart:
    return RevenuePart(
        dimension="service",
        dimension_value=name,
        currency="CAD",
        received_minor=200,
        returned_minor=0,
        before_tax_minor=before_tax,
        taxes=tuple(Tax(name=name, amount_minor=amount) for name, amount in taxes),
    )


def test_taxes_that_would_not_fit_are_shown_in_one(report: Report) -> None:
    parts = (part("Cut", ("A", 1), ("B", 2)), part("Wash", ("C", 3), ("D", 4)), part("Gift", before_tax=None))
    table = table_of(report.model_copy(update={"revenue": parts}), "Revenue by service")
    assert table.columns == ("Received", "Refunded", "Tax", "Before tax")
    assert [cells[2:] for _, cells in table.rows] == [
        ("CAD 0.03", "CAD 1.00"),
        ("CAD 0.07", "CAD 1.00"),
        (MISSING, MISSING),
    ]


def test_where_nobody_is_named_there_is_no_table() -> None:
    report = report_with("Cut").model_copy(update={"revenue": (part("unknown"),)})
    assert not [table for table in share_tables(report) if table.title.startswith("Revenue by")]
