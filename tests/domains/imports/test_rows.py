"""What a row becomes: conditions, types by words, money and its currency, running totals, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.domains.imports.csv_file import CsvFile
from frontdesk.domains.imports.mapping import ImportMapping
from frontdesk.domains.imports.ndjson import Arrival
from frontdesk.domains.imports.problems import MappedRow
from frontdesk.domains.imports.row_mapper import RowMapper
from frontdesk.domains.tenancy.tenant import load_tenant
from tests.domains.imports.conftest import ROOT

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MapRows = Callable[..., list[MappedRow]]


@pytest.fixture
def map_rows(tmp_path: Path) -> MapRows:
    """Map a CSV text by events given as in YAML, for Mike's Detailing (New York, USD)."""

    def map_rows(csv: str, *events: dict[str, Any], **mapping: Any) -> list[MappedRow]:
        path = tmp_path / "export.csv"
        path.write_text(csv, encoding="utf-8")
        rules = ImportMapping.model_validate({"source": "older", "events": list(events), **mapping})
        tenant = load_tenant(ROOT / "tenants" / "mikes-detailing.yaml")
        with CsvFile(path, rules.file) as file:
            mapper = RowMapper(
                rules,
                tenant=tenant,
                header=file.header,
                arrival=Arrival(received_at=NOW, run_id="run-1", file_name=path.name),
            )
            return [mapper.map(record) for record in file.records()]

    return map_rows


def booking(**changes: Any) -> dict[str, Any]:
    fields = {"booking_id": "id"} | changes.pop("fields", {})
    event = {"type": "booking.created", "source_event_id": "{id}", "occurred_at": {"column": "at"}, "fields": fields}
    return event | changes


def payload(event: NewEvent) -> dict[str, Any]:
    decoded: dict[str, Any] = orjson.loads(event.payload)
    return decoded


def reasons(row: MappedRow) -> list[tuple[str, str]]:
    return [(problem.column, problem.reason) for problem in row.problems]


def test_the_envelope_of_a_row(map_rows: MapRows) -> None:
    [row] = map_rows("id,at,odd\n7,2025-03-01, kept \n", booking(subject_id="b-{id}"))
    [event] = row.events

    assert (event.tenant_id, event.source, event.source_event_id) == ("mikes-detailing", "older", "7")
    assert event.subject_id == "b-7"
    assert event.occurred_at == datetime(2025, 3, 1, 5, 0, tzinfo=UTC)
    assert event.received_at == NOW
    assert event.origin is Origin.IMPORT
    assert orjson.loads(event.body) == {"id": "7", "at": "2025-03-01", "odd": " kept "}
    assert event.headers == {"import-file": "export.csv", "import-line": "2", "import-run": "run-1"}


@pytest.mark.parametrize(
    ("when", "ids"),
    [
        ({"column": "s", "equals": "PAID"}, ["1"]),
        ({"column": "s", "not_equals": "paid"}, ["2", "3"]),
        ({"column": "s", "in": ["Paid", "open"]}, ["1", "2"]),
        ({"column": "s", "not_in": ["paid", "open"]}, ["3"]),
        ({"column": "s", "empty": "true"}, ["3"]),
        ({"column": "s", "empty": "false"}, ["1", "2"]),
        ([{"column": "s", "empty": "false"}, {"column": "id", "not_equals": "1"}], ["2"]),
    ],
)
def test_conditions(map_rows: MapRows, when: Any, ids: list[str]) -> None:
    rows = map_rows("id,at,s\n1,2025-03-01,Paid\n2,2025-03-01, open\n3,2025-03-01,\n", booking(when=when))

    assert [event.source_event_id for row in rows for event in row.events] == ids
    assert not any(row.problems for row in rows)


def test_the_type_by_a_columns_words(map_rows: MapRows) -> None:
    csv = "id,at,s\n1,2025-03-01,done\n2,2025-03-01,Gone\n3,2025-03-01,?\n"
    words = {"Done": "booking.completed", "Gone": "booking.no_show"}

    refused = map_rows(csv, booking(type={"column": "s", "map": words}))
    skipped = map_rows(csv, booking(type={"column": "s", "map": words, "otherwise": "skip"}))
    other = map_rows(csv, booking(type={"column": "s", "map": words, "otherwise": "older.status.other"}))

    assert [event.type for row in refused for event in row.events] == ["booking.completed", "booking.no_show"]
    assert reasons(refused[2]) == [("s", "'?' is not in the type's map; add it, or say otherwise")]
    assert (skipped[2].events, skipped[2].problems) == ([], [])
    assert other[2].events[0].type == "older.status.other"


def test_all_of_a_rows_mistakes_are_told_and_none_of_its_events_go_in(map_rows: MapRows) -> None:
    phone = {"column": "phone", "type": "phone"}
    cancelled = booking(type="booking.cancelled", source_event_id="{id}-c", occurred_at={"column": "gone"})
    [row] = map_rows(
        "id,at,gone,phone\n1,2025-03-01,soon,12\n", booking(), cancelled, fields={"contact.phone": phone}
    )

    assert row.events == []
    assert [column for column, _ in reasons(row)] == ["phone", "gone"]


def test_two_events_of_a_row_need_two_ids(map_rows: MapRows) -> None:
    [row] = map_rows("id,at\n1,2025-03-01\n", booking(), booking(type="booking.confirmed"))

    assert reasons(row) == [
        ("source_event_id", "'1' is the id of 2 events of this row; add the type to their templates")
    ]


def test_an_empty_id_or_time_is_refused(map_rows: MapRows) -> None:
    rows = map_rows("id,at\n,2025-03-01\n2,\n", booking(fields={"booking_id": {"constant": "x"}}))

    assert reasons(rows[0]) == [("id", "is empty, but an id is made of it")]
    assert reasons(rows[1]) == [("at", "is empty, but required")]


def test_what_a_fact_needs_is_told_by_column(map_rows: MapRows) -> None:
    paid = {
        "type": "payment.succeeded",
        "source_event_id": "{id}",
        "occurred_at": {"column": "at"},
        "fields": {
            "payment_id": "no",
            "amount_minor": {"column": "sum", "type": "money"},
            "contact.name": "who",
            "contact.email": {"column": "mail", "type": "email"},
        },
    }
    [row] = map_rows("id,at,no,sum,who,mail\n1,2025-03-01,,,Ann,\n", paid)

    assert sorted(reasons(row)) == [
        ("currency", "payment.succeeded needs currency, and the row has none"),
        ("mail", "payment.succeeded needs the contact's phone, email or external_id, and the row has none"),
        ("no", "payment.succeeded needs payment_id, and the row has none"),
        ("sum", "payment.succeeded needs amount_minor, and the row has none"),
    ]


def test_a_mere_name_can_be_left_out(map_rows: MapRows) -> None:
    event = booking(fields={"contact.name": "who"}, contact_without_identifier="drop")
    [row] = map_rows("id,at,who\n1,2025-03-01,Ann\n", event)

    assert payload(row.events[0]) == {"booking_id": "1"}


@pytest.mark.parametrize(
    ("if_invalid", "contact"),
    [
        ("keep", {"email": "ann@example.com", "phone": "ask Bob"}),
        ("drop", {"email": "ann@example.com"}),
        ("refuse", None),
    ],
)
def test_invalid_values(map_rows: MapRows, if_invalid: str, contact: dict[str, str] | None) -> None:
    phone = {"column": "phone", "type": "phone", "if_invalid": if_invalid}
    [row] = map_rows(
        "id,at,phone,mail\n1,2025-03-01,ask Bob,ann@example.com\n",
        booking(fields={"contact.phone": phone, "contact.email": "mail"}),
    )

    assert [payload(event)["contact"] for event in row.events] == ([contact] if contact else [])


def test_field_rules(map_rows: MapRows) -> None:
    fields = {
        "contact.phone": {"column": ["mobile", "home"], "type": "phone"},
        "service": {"column": "kind", "map": {"A": "Wash", "b": ""}, "otherwise": "Other"},
        "staff": {"template": "{first} {last}"},
        "location": {"constant": "Shop"},
        "ends_at": {"column": "at", "type": "datetime", "plus": {"column": "minutes"}},
        "seats": {"column": "seats", "type": "integer"},
        "hours": {"column": "hours", "type": "decimal"},
        "first_visit": {"column": "new", "type": "boolean"},
        "birthday": {"column": "born", "type": "date", "format": "%m/%d/%Y"},
    }
    header = "id,at,mobile,home,kind,first,last,minutes,seats,hours,new,born\n"
    full, empty = map_rows(
        header + "1,2025-03-08 23:30,,404 555 0107,a,Al,Z,240,4,1.25,Yes,2/29/2000\n"
        "2,2025-03-01,404 555 0107,,B,,,,,,,\n",
        booking(fields=fields),
    )

    assert payload(full.events[0]) == {
        "booking_id": "1",
        "contact": {"phone": "+14045550107"},
        "service": "Wash",
        "staff": "Al Z",
        "location": "Shop",
        "ends_at": "2025-03-09T04:30:00-04:00",
        "seats": 4,
        "hours": "1.25",
        "first_visit": True,
        "birthday": "2000-02-29",
    }
    assert payload(empty.events[0]) == {
        "booking_id": "2",
        "contact": {"phone": "+14045550107"},
        "location": "Shop",
    }


@pytest.mark.parametrize(
    ("rule", "text", "reason"),
    [
        ({"column": "v", "type": "boolean"}, "odd", "'odd' is neither yes nor no; add a map"),
        ({"column": "v", "type": "integer"}, "odd", "'odd' is no amount"),
        ({"column": "v", "type": "currency"}, "dollars", "'dollars' is no currency code"),
        ({"column": "v", "map": {"a": "b"}}, "odd", "'odd' is not in the map; add it, or say otherwise"),
        ({"column": "at", "type": "datetime", "plus": {"column": "v"}}, "odd", "'odd' is no amount"),
        ({"column": "at", "type": "datetime", "plus": {"column": "v"}}, "-5", "'-5' minutes is no length of time"),
        ({"column": "at", "type": "datetime", "plus": {"column": "v"}}, "9" * 18, "is no length of time"),
        ({"column": "at", "type": "datetime", "zone": {"column": "v"}}, "odd", "'odd' is no IANA zone"),
    ],
)
def test_values_that_cannot_be_read(map_rows: MapRows, rule: dict[str, Any], text: str, reason: str) -> None:
    [row] = map_rows(f"id,at,v\n1,2025-03-01,{text}\n", booking(fields={"x": rule}))

    assert reason in reasons(row)[0][1]


def test_zones_by_column(map_rows: MapRows) -> None:
    at = {"column": "at", "zone": {"column": "zone"}}
    rows = map_rows("id,at,zone\n1,2025-06-01 10:00,Australia/Perth\n2,2025-06-01 10:00,\n", booking(occurred_at=at))

    assert [event.occurred_at.hour for row in rows for event in row.events] == [2, 14]


def test_the_currency_is_the_amounts_own(map_rows: MapRows) -> None:
    price = {"column": "sum", "type": "money"}
    csv = "id,at,sum,cur\n1,2025-03-01,1500,jpy\n2,2025-03-01,15.00,\n3,2025-03-01,,EUR\n"

    beside = map_rows(csv, booking(fields={"price_minor": price, "currency": "cur"}))
    own = map_rows(csv, booking(fields={"price_minor": price | {"currency": {"column": "cur"}}}))
    default = map_rows(csv, booking(fields={"price_minor": price}), defaults={"currency": "KWD"})
    constant = map_rows(csv, booking(fields={"price_minor": price | {"currency": "AUD"}}))

    def amounts(rows: list[MappedRow]) -> list[tuple[int | None, str | None]]:
        return [(payload(row.events[0]).get("price_minor"), payload(row.events[0]).get("currency")) for row in rows]

    assert amounts(beside) == [(1500, "JPY"), (1500, "USD"), (None, "EUR")]
    assert amounts(own) == [(1500, "JPY"), (1500, "USD"), (None, None)]
    assert amounts(default) == [(1500000, "KWD"), (15000, "KWD"), (None, None)]
    assert amounts(constant) == [(150000, "AUD"), (1500, "AUD"), (None, None)]


def test_an_amount_and_the_currency_beside_it_cannot_differ(map_rows: MapRows) -> None:
    price = {"column": "sum", "type": "money", "currency": "AUD"}
    [row] = map_rows(
        "id,at,sum,cur\n1,2025-03-01,15,USD\n", booking(fields={"price_minor": price, "currency": "cur"})
    )

    assert reasons(row) == [("price_minor", "is in AUD, but currency says USD")]


def test_negative_amounts(map_rows: MapRows) -> None:
    price = {"column": "sum", "type": "money"}
    csv = "id,at,sum\n1,2025-03-01,(45.00)\n"

    [refused] = map_rows(csv, booking(fields={"price_minor": price}))
    [absolute] = map_rows(csv, booking(fields={"price_minor": price | {"negative": "absolute"}}))

    assert "'(45.00)' is negative; say negative: absolute" in reasons(refused)[0][1]
    assert payload(absolute.events[0])["price_minor"] == 4500


def test_running_totals_count_each_refund_once_and_no_refused_row(map_rows: MapRows) -> None:
    refund = {
        "type": "payment.refunded",
        "source_event_id": "{id}",
        "occurred_at": {"column": "at"},
        "fields": {
            "payment_id": "no",
            "refunded_minor": {"column": "sum", "type": "money", "running_total_per": "{no}"},
        },
    }
    lines = [
        "id,at,no,sum",
        "r1,2025-03-01,p1,1.00",
        "r2,2025-03-02,p1,2.00",
        "r3,2025-03-02,p2,0.50",
        "r1,2025-03-01,p1,1.00",
        "r4,not a date,p1,64.00",
        "r5,2025-03-03,p1,4.00",
    ]
    rows = map_rows("\n".join(lines), refund)

    totals = [[payload(event)["refunded_minor"] for event in row.events] for row in rows]
    assert totals == [[100], [300], [50], [100], [], [700]]


def test_empty_values(map_rows: MapRows) -> None:
    [row] = map_rows(
        "id,at,who\n1,2025-03-01, n/A \n", booking(fields={"staff": "who"}), file={"empty_values": ["N/A"]}
    )

    assert payload(row.events[0]) == {"booking_id": "1"}


def test_a_year_that_only_a_wrong_format_gives(map_rows: MapRows) -> None:
    [row] = map_rows("id,at\n1,0025-03-01\n", booking())

    assert reasons(row) == [("at", "'0025-03-01' would be in the year 25; is the format right?")]


def test_a_row_has_its_taxes_and_lines(map_rows: MapRows) -> None:
    sale = {
        "type": "payment.succeeded",
        "source_event_id": "{id}",
        "occurred_at": "at",
        "fields": {"payment_id": "id", "amount_minor": {"column": "paid", "type": "money"}, "staff": "by"},
        "taxes": {"State": "tax", "City": {"column": "city", "rate": "city rate"}},
        "lines": [
            {"description": "item 1", "amount_minor": {"column": "price 1", "type": "money"}, "service": "item 1"},
            {
                "description": "item 2",
                "amount_minor": {"column": "price 2", "type": "money"},
                "taxes": {"State": "tax 2"},
            },
        ],
    }
    header = "id,at,paid,by,tax,city,city rate,item 1,price 1,item 2,price 2,tax 2\n"
    rows = "7,2025-03-01,$30.00,Lee,1.50,0.25,0.875,Wash,20,Wax,10,0.5\n8,2025-03-01,$20,,,,,Wash,20,,,\n"

    full, half = (payload(event) for row in map_rows(header + rows, sale) for event in row.events)

    assert full == {
        "payment_id": "7",
        "amount_minor": 3000,
        "currency": "USD",
        "staff": "Lee",
        "taxes": [
            {"name": "State", "amount_minor": 150},
            {"name": "City", "amount_minor": 25, "rate": "0.875"},
        ],
        "lines": [
            {"description": "Wash", "service": "Wash", "amount_minor": 2000},
            {"description": "Wax", "amount_minor": 1000, "taxes": [{"name": "State", "amount_minor": 50}]},
        ],
    }
    assert half["lines"] == [{"description": "Wash", "service": "Wash", "amount_minor": 2000}]
    assert "taxes" not in half


def test_a_line_without_an_amount_is_told_by_its_column(map_rows: MapRows) -> None:
    lines = {"description": "item", "amount_minor": {"column": "price", "type": "money"}}
    event = {"type": "payment.itemised", "source_event_id": "{id}", "occurred_at": "at", "lines": lines}
    rule = event | {"fields": {"payment_id": "id", "currency": {"constant": "USD"}}}

    [row] = map_rows("id,at,item,price\n7,2025-03-01,Wash,\n", rule)

    assert reasons(row) == [("price", "payment.itemised needs lines.0.amount_minor, and the row has none")]


def test_lines_are_in_one_currency(map_rows: MapRows) -> None:
    money = {"column": "price", "type": "money", "currency": {"column": "unit"}}
    event = {"type": "payment.itemised", "source_event_id": "{id}", "occurred_at": "at"}
    rule = event | {"lines": {"amount_minor": money}, "fields": {"payment_id": "id", "currency": {"constant": "USD"}}}

    [row] = map_rows("id,at,price,unit\n7,2025-03-01,5,EUR\n", rule)

    assert reasons(row) == [("lines.0.amount_minor", "is in EUR, but currency says USD")]


def test_a_message_is_about_a_booking(map_rows: MapRows) -> None:
    rule = {"type": "message.sent", "source_event_id": "{id}", "occurred_at": "at"}
    fields = {"message_id": "id", "booking_id": "visit", "contact.phone": "phone"}

    [row] = map_rows("id,at,visit,phone\n7,2025-03-01,B-1,+14045550142\n", rule | {"fields": fields})

    assert payload(row.events[0])["booking_id"] == "B-1"


def test_a_tax_is_money(map_rows: MapRows) -> None:
    with pytest.raises(ValueError, match="a tax is always of type money"):
        map_rows("id\n", booking(taxes={"GST": {"column": "id", "type": "text"}}))


def test_a_formula_of_text_is_the_text(map_rows: MapRows) -> None:
    fields = {
        "price_minor": {"column": "price", "type": "money"},
        "contact.phone": {"column": "phone", "type": "phone", "region": "AU"},
        "notes": "note",
    }
    csv = 'id,at,price,phone,note\n"=""7""",="2025-03-01","=""12.00""",="0491 570 006","=SUM(""a"")&""b"""\n'
    [row] = map_rows(csv, booking(fields=fields))
    [event] = row.events
    told = payload(event)
    assert (event.source_event_id, told["price_minor"], told["contact"]["phone"]) == ("7", 1200, "+61491570006")
    assert told["notes"] == '=SUM("a")&"b"'
