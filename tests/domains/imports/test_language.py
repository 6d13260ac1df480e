"""What a mapping can say of columns, signs and days: each key by an example, and each refusal by what to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from frontdesk.core.errors import ImportFileError
from frontdesk.core.log.event_log import EventLog
from tests.domains.imports.conftest import Run, all_events

Write = Callable[[str, Any], Path]
TILL = "No,At,Gross,Fee,Quantity,Clinic,How\n"


def receipt(**changes: Any) -> dict[str, Any]:
    event = {
        "type": "payment.succeeded",
        "source_event_id": "{No}",
        "occurred_at": "At",
        "fields": {"payment_id": "No", "amount_minor": {"column": "Gross", "type": "money"}},
    }
    return event | changes


@pytest.fixture
def bring(run: Run, write: Write, log: EventLog) -> Callable[..., list[dict[str, Any]]]:
    """Import rows by a mapping; return the payloads that the log has then, with type and id. Every row must go in."""

    def bring(csv: str, *events: dict[str, Any], **mapping: Any) -> list[dict[str, Any]]:
        whole = {"tenant": "hmnp", "source": "till", "events": list(events), **mapping}
        result = run(write("a.csv", csv), "--mapping", write("m.yaml", whole))
        assert result.exit_code == 0, result.output
        return [
            {"type": event.type, "id": event.source_event_id, **orjson.loads(event.payload)}
            for event in all_events(log)
        ]

    return bring


def refusal(run: Run, write: Write, csv: str, *events: dict[str, Any], **mapping: Any) -> str:
    """Import rows of which some are refused; return what is said on the terminal."""
    whole = {"tenant": "hmnp", "source": "till", "events": list(events), **mapping}
    result = run(write("a.csv", csv), "--mapping", write("m.yaml", whole))
    if isinstance(result.exception, ImportFileError):
        return result.exception.detail
    assert result.exit_code == 2, result.output
    return str(result.stderr)


def test_the_sign_says_what_a_row_is(bring: Callable[..., list[dict[str, Any]]]) -> None:
    sale = receipt(when={"column": "Gross", "at_least": "0"})
    refund = receipt(
        type="payment.refunded",
        when={"column": "Gross", "less_than": "0"},
        source_event_id="{No}-refund",
        fields={"payment_id": "No", "refunded_minor": {"column": "Gross", "type": "money", "negative": "absolute"}},
    )

    got = bring(TILL + "1,2025-03-01,$45.00,,,,\n1,2025-03-02,($20.00),,,,\n2,2025-03-02,0,,,,\n", sale, refund)

    assert [(fact["type"], fact.get("amount_minor", fact.get("refunded_minor"))) for fact in got] == [
        ("payment.succeeded", 4500),
        ("payment.refunded", 2000),
        ("payment.succeeded", 0),
    ]


@pytest.mark.parametrize(
    ("test", "numbers"),
    [
        ({"less_than": "10"}, ["9.99", "-1"]),
        ({"at_most": "10"}, ["9.99", "10.00", "-1"]),
        ({"greater_than": "10"}, ["10.01"]),
        ({"at_least": "10"}, ["10.00", "10.01"]),
    ],
)
def test_comparisons(bring: Callable[..., list[dict[str, Any]]], test: dict[str, str], numbers: list[str]) -> None:
    rows = "".join(f"{number},2025-03-01,{number},,,,\n" for number in ("9.99", "10.00", "10.01", "-1"))
    event = receipt(when={"column": "Gross", **test}, fields={"payment_id": "No", "amount_minor": {"constant": "1"}})
    event["fields"]["currency"] = {"constant": "USD"}

    got = bring(TILL + rows + "none,2025-03-01,,,,,\n", event)

    assert [fact["id"] for fact in got] == numbers


def test_sums_products_and_rounding(bring: Callable[..., list[dict[str, Any]]]) -> None:
    columns = {
        "Net": {"sum": ["Gross"], "minus": ["Fee"]},
        "Total": {"product": ["Net", "Quantity", {"constant": "1.125"}], "round": "2"},
    }
    event = receipt(fields={"payment_id": "No", "amount_minor": {"column": "Total", "type": "money"}, "net": "Net"})

    got = bring(TILL + "1,2025-03-01,$10.10,$0.05,3,,\n2,2025-03-01,$10.00,,1,,\n", event, columns=columns)

    # 10.05 * 3 * 1.125 = 33.91875, half away from zero
    assert [(fact["net"], fact["amount_minor"]) for fact in got] == [("10.05 $", 3392), ("10 $", 1125)]


def test_a_decimal_comma_holds_for_computed_columns_too(bring: Callable[..., list[dict[str, Any]]]) -> None:
    columns = {"Total": {"product": ["Gross", "Quantity"], "round": "2"}}
    event = receipt(fields={"payment_id": "No", "amount_minor": {"column": "Total", "type": "money"}})
    csv = "No;At;Gross;Quantity\n1;2025-03-01;1.000,50;2\n"

    [fact] = bring(csv, event, columns=columns, file={"delimiter": ";", "decimal_mark": ","})

    assert fact["amount_minor"] == 200_100


def test_equal_rows_stay_apart_by_their_occurrence(bring: Callable[..., list[dict[str, Any]]]) -> None:
    columns = {"Time": {"occurrence": ["At", "Gross"]}}
    event = receipt(source_event_id="{At}-{Gross}-{Time}")
    row = "1,2025-03-01,45.00,,,,\n"

    first = bring(TILL + row + row + "1,2025-03-02,45.00,,,,\n", event, columns=columns)
    again = bring(TILL + row + row + "1,2025-03-02,45.00,,,,\n", event, columns=columns)

    assert [fact["id"] for fact in first] == ["2025-03-01-45.00-1", "2025-03-01-45.00-2", "2025-03-02-45.00-1"]
    assert again == first


def test_row_numbers(bring: Callable[..., list[dict[str, Any]]]) -> None:
    got = bring(
        TILL + "1,2025-03-01,1.00,,,,\n1,2025-03-01,1.00,,,,\n",
        receipt(source_event_id="line {Row}"),
        columns={"Row": {"row_number": "true"}},
    )

    assert [fact["id"] for fact in got] == ["line 1", "line 2"]


def test_a_report_keeps_the_numbers_of_its_rows(run: Run, write: Write, log: EventLog, tmp_path: Path) -> None:
    mapping = write(
        "m.yaml",
        {
            "tenant": "hmnp",
            "source": "till",
            "columns": {"Time": {"occurrence": ["No"]}},
            "events": [receipt(source_event_id="{No}-{Time}")],
        },
    )
    rows = "1,2025-03-01,1.00,,,,\n1,2025-03-01,oops,,,,\n1,2025-03-01,2.00,,,,\n"
    report = tmp_path / "r.csv"
    run(write("a.csv", TILL + rows), "--mapping", mapping, "--report", report)

    corrected = run(write("b.csv", report.read_text().replace("oops", "3.00")), "--mapping", mapping)

    assert corrected.exit_code == 0, corrected.output
    assert [event.source_event_id for event in all_events(log)] == ["1-1", "1-3", "1-2"]


def test_a_value_for_an_empty_cell(bring: Callable[..., list[dict[str, Any]]]) -> None:
    columns = {"Place": {"column": ["Clinic", "How"], "if_empty": "nowhere"}}
    fields = receipt()["fields"] | {"method": {"column": "How", "if_empty": "cash"}}

    got = bring(
        TILL + "1,2025-03-01,1.00,,,,\n2,2025-03-01,1.00,,,Perth,card\n",
        receipt(source_event_id="{Place}-{No}", fields=fields),
        columns=columns,
    )

    assert [(fact["id"], fact["method"]) for fact in got] == [("nowhere-1", "cash"), ("Perth-2", "card")]


def test_a_look_up_in_another_file(bring: Callable[..., list[dict[str, Any]]], write: Write) -> None:
    write("clinics.csv", "id;name\n7;Perth CBD\n8;Fremantle\n")
    look_up = {"column": "Clinic", "file": "clinics.csv", "key": "id", "value": "name", "delimiter": ";"}
    fields = receipt()["fields"] | {"location": "Where"}

    got = bring(
        TILL + "1,2025-03-01,1.00,,,7,\n2,2025-03-01,1.00,,,,\n",
        receipt(fields=fields),
        columns={"Where": {"look_up": look_up}},
    )

    assert [fact.get("location") for fact in got] == ["Perth CBD", None]


def test_one_business_system_over_many_files(bring: Callable[..., list[dict[str, Any]]]) -> None:
    fields = receipt()["fields"] | {"contact.external_id": "Clinic"}

    [fact] = bring(TILL + "1,2025-03-01,1.00,,,77,\n", receipt(fields=fields), system="acuity")

    assert fact["contact"] == {"external_id": "77", "system": "acuity"}


def test_an_external_id_without_its_system_is_noted(run: Run, write: Write) -> None:
    fields = receipt()["fields"] | {"contact.external_id": "Clinic"}
    mapping = write("m.yaml", {"tenant": "hmnp", "source": "till", "events": [receipt(fields=fields)]})

    result = run(write("a.csv", TILL + "1,2025-03-01,1.00,,,77,\n"), "--mapping", mapping)

    assert "these ids meet only those of source 'till'" in result.stderr


@pytest.mark.parametrize(("order", "day"), [("day_first", "03"), ("month_first", "04")])
def test_the_order_of_day_and_month_is_said(
    bring: Callable[..., list[dict[str, Any]]], log: EventLog, order: str, day: str
) -> None:
    bring(TILL + "1,3/4/2025 2:05 pm,1.00,,,,\n", receipt(), file={"date_order": order})

    [event] = all_events(log)
    assert event.occurred_at.isoformat()[:10] == f"2025-{'04' if day == '03' else '03'}-{day}"


def test_an_order_that_could_be_either_is_asked_and_never_guessed(run: Run, write: Write, log: EventLog) -> None:
    rows = "1,3/4/2025,1.00,,,,\n2,25/4/2025,1.00,,,,\n"

    told = refusal(run, write, TILL + rows, receipt())

    assert "line 2: At: '3/4/2025' could be 3 April 2025 (day_first) or 4 March 2025 (month_first)" in told
    assert "write which as date_order under file in the mapping" in told
    assert [event.occurred_at.isoformat()[:10] for event in all_events(log)] == ["2025-04-25"]


def test_two_formats_that_both_fit_are_no_answer(run: Run, write: Write) -> None:
    at = {"column": "At", "format": ["%d/%m/%Y", "%m/%d/%Y"]}

    told = refusal(run, write, TILL + "1,3/4/2025,1.00,,,,\n", receipt(occurred_at=at))

    assert "could be 3 April 2025 by '%d/%m/%Y' and 4 March 2025 by '%m/%d/%Y'; keep the one" in told


BOOKING = {
    "type": "booking.completed",
    "source_event_id": "{No}",
    "occurred_at": "At",
    "fields": {"booking_id": "No", "starts_at": {"column": "Start", "type": "datetime"}},
}


def test_a_day_without_a_time_stays_a_day(bring: Callable[..., list[dict[str, Any]]]) -> None:
    got = bring("No,At,Start\n1,2025-03-01 10:00,2025-03-07\n2,2025-03-01 10:00,2025-03-07 09:00\n", BOOKING)

    assert [fact["starts_at"] for fact in got] == ["2025-03-07", "2025-03-07T09:00:00-06:00"]


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00+00:00"),
        ("America/Havana", "2025-03-09", "2025-03-09T05:00:00+00:00"),
        ("Africa/Cairo", "2025-04-25", "2025-04-24T22:00:00+00:00"),
        ("Asia/Beirut", "2025-03-30", "2025-03-29T22:00:00+00:00"),
    ],
)
def test_a_day_needs_no_midnight(
    bring: Callable[..., list[dict[str, Any]]], log: EventLog, zone: str, day: str, begins: str
) -> None:
    [fact] = bring(f"No,At,Start\n1,{day},{day}\n", BOOKING, defaults={"zone": zone})

    [event] = all_events(log)
    assert event.occurred_at.isoformat() == begins
    assert (fact["starts_at"], fact["occurred_on"]) == (day, day)


@pytest.mark.parametrize(
    ("cell", "currency", "is_taken"),
    [("$5.00", "AUD", True), ("$5.00", "EUR", False), ("₺5.00", "TRY", True), ("₺5.00", "EUR", False)],
)
def test_a_bare_sign_goes_with_its_currencies_alone(
    run: Run, write: Write, cell: str, currency: str, is_taken: bool
) -> None:
    mapping = {"tenant": "hmnp", "source": "till", "defaults": {"currency": currency}, "events": [receipt()]}

    result = run(write("a.csv", TILL + f"1,2025-03-01,{cell},,,,\n"), "--mapping", write("m.yaml", mapping))

    assert (result.exit_code == 0) is is_taken
    assert is_taken or f"is not in {currency}; map the row's currency" in result.stderr


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (
            {"Net": {"sum": ["Gross"], "product": ["Fee"]}},
            "columns.Net: give exactly one of column, sum, product, occurrence, row_number, look_up (line 2)",
        ),
        ({"Net": {"minus": ["Fee"], "column": "Gross"}}, "minus goes with sum: sum: [Gross], minus: [Fee]"),
        ({"Net": {"sum": ["Grss"]}}, "the header has no column 'Grss'; did you mean 'Gross'?"),
        ({"Fee": {"sum": ["Gross"]}}, "the header has a column 'Fee'; give columns.Fee another name"),
        ({"Net": {"sum": ["Then"]}, "Then": {"sum": ["Gross"]}}, "the header has no column 'Then'"),
        ({"Net": {"look_up": {"column": "No", "file": "no.csv", "key": "a", "value": "b"}}}, "no.csv: can't be read"),
        (
            {"Net": {"look_up": {"column": "No", "file": "a.csv", "key": "a", "value": "b"}}},
            "no column 'a'; its columns",
        ),
    ],
)
def test_a_wrong_computation_says_what_to_write(run: Run, write: Write, columns: dict[str, Any], reason: str) -> None:
    assert reason in refusal(run, write, TILL + "1,2025-03-01,1.00,,,,\n", receipt(), columns=columns)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,2025-03-01,ten,1,,,\n", "line 2: Gross: 'ten' is no amount"),
        ("1,2025-03-01,€10,$1,,,\n", "line 2: Net: its columns are in $ and €, which can't be reckoned together"),
    ],
)
def test_a_row_that_cannot_be_computed_is_refused(run: Run, write: Write, row: str, reason: str) -> None:
    columns = {"Net": {"sum": ["Gross"], "minus": ["Fee"]}}

    assert reason in refusal(run, write, TILL + row, receipt(), columns=columns)


def test_a_cell_that_cannot_be_compared_refuses_the_row(run: Run, write: Write) -> None:
    event = receipt(when={"column": "Gross", "less_than": "0"})

    assert "line 2: Gross: 'ten' is no amount" in refusal(run, write, TILL + "1,2025-03-01,ten,,,,\n", event)


def test_a_look_up_tells_what_is_missing(run: Run, write: Write) -> None:
    write("clinics.csv", "id,name\n7,Perth\n")
    columns = {"Where": {"look_up": {"column": "Clinic", "file": "clinics.csv", "key": "id", "value": "name"}}}

    told = refusal(run, write, TILL + "1,2025-03-01,1.00,,,9,\n", receipt(), columns=columns)

    assert "line 2: Clinic: '9' is not in column 'id' of clinics.csv; add it there, or say otherwise" in told
