"""The examples of docs/importing.md, run as they stand there."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.log.event_log import EventLog
from tests.domains.imports.conftest import ROOT, Run, facts

EXAMPLES = Path(__file__).parent / "examples"
DOCUMENT = ROOT / "docs" / "importing.md"

DANA = {"first_name": "Dana", "last_name": "Reyes", "phone": "+14045550142", "email": "dana.reyes@example.com"}
DANAS_BOOKING = {
    "booking_id": "501",
    "contact": DANA,
    "service": "Basic Detail",
    "staff": "Mike",
    "price_minor": 8000,
    "currency": "USD",
    "starts_at": "2025-03-07T10:00:00-05:00",
    "ends_at": "2025-03-07T11:30:00-05:00",
    "notes": "Gate code 4411\nPark on the left",
}
LEES_BOOKING = {
    "booking_id": "502",
    "contact": {"first_name": "Lee", "last_name": "Okafor", "phone": "+14045550107"},
    "service": "Full Detail",
    "staff": "Mike",
    "price_minor": 116000,
    "currency": "USD",
    "starts_at": "2025-03-08T14:00:00-05:00",
    "ends_at": "2025-03-08T17:00:00-05:00",
}
ZOE = {"name": "Zoë Lang", "email": "zoe@example.de"}
ZOES_PAYMENT = {
    "payment_id": "R-1003",
    "booking_id": "T-78",
    "contact": ZOE,
    "method": "bank_transfer",
    "currency": "EUR",
}
RECEIPT = {
    "payment_id": "N-1",
    "booking_id": "R-7",
    "contact": {"email": "ana@example.com"},
    "currency": "CAD",
}


def receipt_line(line_id: str, description: str, *amounts: int, staff: str, quantity: str = "1.0") -> dict[str, Any]:
    """Return a line, of its price, its amount and its two taxes."""
    price, amount, gst, qst = amounts
    return {
        "line_id": line_id,
        "description": description,
        "quantity": quantity,
        "unit_price_minor": price,
        "amount_minor": amount,
        "staff": staff,
        "taxes": [
            {"name": "GST", "amount_minor": gst, "rate": "5.0"},
            {"name": "QST", "amount_minor": qst, "rate": "9.975"},
        ],
    }


PRIYA = {"name": "Priya Nair", "phone": "+61491570006", "email": "priya@example.com"}

EXPECTED: dict[str, tuple[list[tuple[str, str, str, dict[str, Any]]], dict[int, str]]] = {
    "appointments.csv": (
        [
            ("appt-501-created", "booking.created", "2025-03-01T23:22:00+00:00", DANAS_BOOKING),
            ("appt-501-Completed", "booking.completed", "2025-03-07T16:40:00+00:00", DANAS_BOOKING),
            ("appt-502-created", "booking.created", "2025-03-02T14:05:00+00:00", LEES_BOOKING),
            ("appt-502-Canceled", "booking.cancelled", "2025-03-07T01:15:00+00:00", LEES_BOOKING),
        ],
        {5: "Phone: 'call her husband' is no phone number", 6: "Date Scheduled: '2025-03-09 02:30' does not exist"},
    ),
    "receipts.csv": (
        [
            (
                "R-1001",
                "payment.succeeded",
                "2025-11-03T13:05:00+00:00",
                {
                    "payment_id": "R-1001",
                    "booking_id": "T-77",
                    "contact": {"name": "Jörg Öztürk", "email": "joerg@example.de"},
                    "method": "card",
                    "amount_minor": 123450,
                    "currency": "EUR",
                },
            ),
            (
                "R-1002",
                "payment.succeeded",
                "2025-11-03T14:40:00+00:00",
                {"payment_id": "R-1002", "method": "cash", "amount_minor": 8900, "currency": "EUR"},
            ),
            (
                "R-1003",
                "payment.succeeded",
                "2025-11-04T08:10:00+00:00",
                ZOES_PAYMENT | {"amount_minor": 12000},
            ),
            (
                "R-1003-refund-05.11.2025-10:00",
                "payment.refunded",
                "2025-11-05T09:00:00+00:00",
                ZOES_PAYMENT | {"refunded_minor": 2000},
            ),
            (
                "R-1003-refund-06.11.2025-10:00",
                "payment.refunded",
                "2025-11-06T09:00:00+00:00",
                ZOES_PAYMENT | {"refunded_minor": 3550},
            ),
        ],
        {7: "E-Mail: 'max@example' is no e-mail address; Betrag: '45.00' is no amount with the decimal mark ','"},
    ),
    "receipt_lines.csv": (
        [
            (
                "N-1",
                "payment.succeeded",
                "2025-03-07T15:30:00+00:00",
                RECEIPT | {"staff": "Lee", "amount_minor": 16096},
            ),
            (
                "N-1-line-1",
                "payment.itemised",
                "2025-03-07T15:30:00+00:00",
                RECEIPT | {"lines": [receipt_line("1", "Screen", 15000, 17246, 750, 1496, staff="Lee")]},
            ),
            (
                "N-1-line-2",
                "payment.itemised",
                "2025-03-07T15:30:00+00:00",
                RECEIPT | {"lines": [receipt_line("2", "Loyalty", -1000, -1150, -50, -100, staff="Lee")]},
            ),
            (
                "N-2",
                "payment.succeeded",
                "2025-03-07T16:05:00+00:00",
                {"payment_id": "N-2", "staff": "Tess", "amount_minor": 2300, "currency": "CAD"},
            ),
            (
                "N-2-line-1",
                "payment.itemised",
                "2025-03-07T16:05:00+00:00",
                {
                    "payment_id": "N-2",
                    "currency": "CAD",
                    "lines": [receipt_line("1", "Cable", 1000, 2300, 100, 200, staff="Tess", quantity="2.0")],
                },
            ),
        ],
        {5: "Total: '13,80' is no amount with the decimal mark '.'"},
    ),
    "leads.tsv": (
        [
            (
                "l:9001",
                "lead.created",
                "2025-02-14T00:15:00+00:00",
                {
                    "lead_id": "l:9001",
                    "contact": PRIYA,
                    "channel": "facebook",
                    "medium": "paid",
                    "campaign": "Foot pain Feb",
                    "interest": "foot",
                },
            ),
            (
                "l:9001-sms",
                "consent.granted",
                "2025-02-14T00:15:00+00:00",
                {
                    "contact": PRIYA,
                    "channel": "sms",
                    "purpose": "marketing",
                    "evidence": "Lead form Foot pain Feb",
                },
            ),
            (
                "l:9002",
                "lead.created",
                "2025-02-14T03:02:30+00:00",
                {
                    "lead_id": "l:9002",
                    "contact": {"name": "Tom Hale", "phone": "+61491570156"},
                    "channel": "instagram",
                    "medium": "paid",
                    "campaign": "Foot pain Feb",
                    "interest": "foot",
                },
            ),
        ],
        {4: "platform: 'tiktok' is not in the map", 5: "lead.created needs the contact's phone"},
    ),
    "touches.csv": (
        [
            (
                "c-1",
                "touch.recorded",
                "2025-03-01T00:00:00+00:00",
                {
                    "contact": {"email": "dana.reyes@example.com"},
                    "channel": "google",
                    "medium": "paid",
                    "campaign": "spring-detail",
                    "cost_minor": 120,
                    "currency": "AUD",
                },
            ),
            (
                "c-2",
                "touch.recorded",
                "2025-03-01T00:00:01.500000+00:00",
                {
                    "contact": {"phone": "+61491570006"},
                    "channel": "newsletter",
                    "medium": "owned",
                    "campaign": "march",
                },
            ),
            (
                "c-3",
                "touch.recorded",
                "2025-03-01T01:00:00+00:00",
                {
                    "contact": {"email": "kim@example.com"},
                    "channel": "google",
                    "medium": "paid",
                    "campaign": "spring-detail",
                    "cost_minor": 85,
                    "currency": "USD",
                },
            ),
        ],
        {5: "touch.recorded needs the contact's phone", 6: "cost: '€0.40' is not in USD"},
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_becomes_these_events(name: str, run: Run, log: EventLog, tmp_path: Path) -> None:
    expected_facts, expected_refusals = EXPECTED[name]
    file, mapping, report = EXAMPLES / name, (EXAMPLES / name).with_suffix(".yaml"), tmp_path / "refused.csv"

    result = run(file, "--mapping", mapping, "--report", report)

    assert result.exit_code == 2, result.output
    assert facts(log) == expected_facts
    refused = read_report(report, like=name)
    assert [int(row["refused_line"]) for row in refused] == list(expected_refusals)
    for row, reason in zip(refused, expected_refusals.values(), strict=True):
        assert reason in row["refused_because"]
        assert f"line {row['refused_line']}: " in result.output


@pytest.mark.parametrize("name", EXPECTED)
def test_running_an_example_again_adds_nothing(name: str, run: Run, log: EventLog) -> None:
    arguments = (EXAMPLES / name, "--mapping", (EXAMPLES / name).with_suffix(".yaml"))
    run(*arguments)
    before = log.last_sequence()

    again = run(*arguments)

    assert again.exit_code == 2
    assert log.last_sequence() == before


@pytest.mark.parametrize("name", EXPECTED)
def test_the_document_shows_the_example_as_it_is(name: str) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    encoding = "cp1252" if name == "receipts.csv" else "utf-8-sig"

    for file in (EXAMPLES / name, (EXAMPLES / name).with_suffix(".yaml")):
        text = file.read_text(encoding=encoding if file.suffix != ".yaml" else "utf-8")
        assert f"\n{text.rstrip()}\n```" in document, f"docs/importing.md does not show {file.name} as it is"


def test_the_first_mapping_that_the_document_shows_is_a_whole_one() -> None:
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition("```yaml\n")
    shown, _, _ = rest.partition("```")
    assert shown == (EXAMPLES / "appointments.yaml").read_text(encoding="utf-8")


def read_report(report: Path, *, like: str) -> list[dict[str, str]]:
    delimiter = {"receipts.csv": ";", "leads.tsv": "\t"}.get(like, ",")
    encoding = "cp1252" if like == "receipts.csv" else "utf-8"
    with report.open(encoding=encoding, newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))
