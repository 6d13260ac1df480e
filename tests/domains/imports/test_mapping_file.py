"""A mistake in a mapping file is told by file, key and remedy, before a row is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.errors import ImportFileError
from frontdesk.domains.imports.mapping import load_mapping
from frontdesk.domains.imports.mapping_check import check_columns, check_mapping

Write = Callable[[str, Any], Path]
LEAST = """
source: acuity
events:
  - type: booking.created
    source_event_id: "{ID}"
    occurred_at: Date
    fields:
      booking_id: ID
"""


def test_the_least_mapping(write: Write) -> None:
    mapping = load_mapping(write("m.yaml", LEAST))

    assert mapping.tenant is None
    assert mapping.file.encoding == "utf-8-sig"
    assert mapping.events[0].occurred_at.type == "datetime"
    assert check_mapping(mapping, mapping_file=Path("m.yaml")) == []


def test_every_value_is_text(write: Write) -> None:
    mapping = load_mapping(
        write("m.yaml", LEAST + "      paid: {column: Paid, map: {No: 0, Yes: 012, ~: null, on: 1.50}}\n")
    )

    assert mapping.events[0].fields["paid"].map == {"No": "0", "Yes": "012", "~": "null", "on": "1.50"}


def test_anchors_can_be_shared(write: Write) -> None:
    text = LEAST.replace("fields:", "fields: &shared") + (
        "  - type: booking.cancelled\n"
        '    source_event_id: "{ID}-c"\n'
        "    occurred_at: Date\n"
        "    fields: {<<: *shared, reason: Why}\n"
    )
    mapping = load_mapping(write("m.yaml", text))

    assert set(mapping.events[1].fields) == {"booking_id", "reason"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("source: acuity", ""), "source: is missing; add it"),
        (("source: acuity", "source: Acuity Scheduling"), "source: is 'Acuity Scheduling': String should match"),
        (("source: acuity", "source: acuity\ncolour: red"), "colour: is not a known key"),
        (("source: acuity", "source: acuity\nsource: wix"), "the key 'source' is given twice"),
        (("source: acuity", "source: acuity\nfile: {encoding: ebcdic}"), "file.encoding: no known text encoding"),
        (("source: acuity", "source: acuity\nfile: {delimiter: x}"), "file.delimiter: is 'x'; use one of ','"),
        (("source: acuity", "source: acuity\ndefaults: {zone: Perth}"), "defaults.zone: 'Perth' is no IANA zone"),
        (("source: acuity", "source: acuity\ndefaults: {region: UK}"), "defaults.region: 'UK' is no country"),
        (("booking.created", "booking.canceled"), "events.0.type.constant: 'booking.canceled' is not one of booking"),
        (("booking.created", "booking"), "events.0.type.constant: 'booking' is not one of"),
        (("booking.created", "form filled"), "'form filled' is no type"),
        (("booking.created", "{column: Status}"), "events.0.type: a type from a column needs a map"),
        (("booking.created", "skip"), "skip and refuse are for otherwise"),
        (('"{ID}"', '"{ID"'), "events.0.source_event_id: '{ID': a brace has no partner"),
        (('"{ID}"', "created"), "source_event_id needs a column in braces"),
        (("Date", "{column: Date, format: DD/MM/YYYY}"), "occurred_at.format.0: 'DD/MM/YYYY' is no format"),
        (("Date", "{column: Date, format: '%Y-%m-%d %Z'}"), "%Z reads a zone's name and forgets it"),
        (("Date", "{column: Date, type: text}"), "occurred_at is always of type datetime"),
        (("Date", "{type: datetime}"), "events.0.occurred_at: give exactly one of column, template, constant"),
        (("booking_id: ID", "booking_id: {column: ID, constant: x}"), "give exactly one of column, template"),
        (("booking_id: ID", "booking_id: {column: ID, type: txt}"), "booking_id.type: is 'txt'; use one of 'text'"),
        (
            ("booking_id: ID", "booking_id: {column: ID, format: iso}"),
            "format is for type datetime or date, this one is text",
        ),
        (
            ("booking_id: ID", "booking_id: {column: ID, if_invalid: keep}"),
            "if_invalid: keep is for type phone or email",
        ),
        (("booking_id: ID", "booking_id: {column: ID, otherwise: x}"), "otherwise needs a map"),
        (
            ("booking_id: ID", "booking id: ID"),
            "events.0.fields.booking id.[key]: is 'booking id': String should match",
        ),
        (
            ("occurred_at", "when: {column: A}\n    occurred_at"),
            "give exactly one of equals, not_equals, in, not_in, empty",
        ),
        (("occurred_at", "when: {column: A, equals: x, in: [y]}\n    occurred_at"), "give exactly one of equals"),
    ],
)
def test_mistakes(write: Write, change: tuple[str, str], problem: str) -> None:
    file = write("m.yaml", LEAST.replace(*change, 1))

    with pytest.raises(ImportFileError) as caught:
        load_mapping(file)

    assert problem in caught.value.detail
    assert caught.value.detail.startswith(f"{file}: ")


@pytest.mark.parametrize("text", ["[1, 2]", "just text", "a: [", "\tx: 1"])
def test_what_is_no_mapping(write: Write, text: str) -> None:
    with pytest.raises(ImportFileError, match=r"m\.yaml: (must be a mapping|not readable as YAML)"):
        load_mapping(write("m.yaml", text))


def test_every_mistake_is_told_at_once(write: Write) -> None:
    with pytest.raises(ImportFileError) as caught:
        load_mapping(write("m.yaml", LEAST.replace("source: acuity", "tenant: No One").replace("Date", "{}")))

    assert len(caught.value.detail.splitlines()) == 3


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("booking_id: ID", "service: ID"), "events.0.fields: booking.created needs booking_id; map it"),
        (
            ("booking.created", "lead.created"),
            "lead.created needs contact.phone, contact.email or contact.external_id",
        ),
        (("booking_id: ID", "booking_id: ID\n      contact.name: Name"), "booking.created: a contact needs"),
        (
            ("booking.created", "{column: S, map: {a: payment.succeeded, b: booking.created}}"),
            "payment.succeeded needs payment_id; map it",
        ),
    ],
)
def test_a_fact_that_could_never_be_valid_is_told_before_the_first_row(
    write: Write, change: tuple[str, str], problem: str
) -> None:
    mapping = load_mapping(write("m.yaml", LEAST.replace(*change, 1)))

    with pytest.raises(ImportFileError) as caught:
        check_mapping(mapping, mapping_file=Path("m.yaml"))

    assert problem in caught.value.detail


def test_a_field_that_looks_mistyped_is_noted(write: Write) -> None:
    extra = "      start_at: Start\n      contact.email: E\n      contact.phones: P\n      vin: VIN\n"
    mapping = load_mapping(write("m.yaml", LEAST + extra))

    start, phones = check_mapping(mapping, mapping_file=Path("m.yaml"))

    assert start.startswith("m.yaml: events.0.fields: start_at is no field of booking.created")
    assert start.endswith("did you mean starts_at?")
    assert "contact.phones is no field" in phones


def test_a_column_that_is_not_there_is_told_with_what_is(write: Write) -> None:
    mapping = load_mapping(write("m.yaml", LEAST))
    check_columns(mapping, header=["Date", "ID", "More"], file=Path("a.csv"))

    with pytest.raises(ImportFileError) as caught:
        check_columns(mapping, header=["date ", "Name"], file=Path("a.csv"))
    assert caught.value.detail.splitlines() == [
        "a.csv: the header has no column 'Date'; did you mean 'date '?",
        "a.csv: the header has no column 'ID'",
        "a.csv: its columns are: date , Name",
    ]
    with pytest.raises(ImportFileError, match=r"is file\.delimiter right"):
        check_columns(mapping, header=["Date;ID"], file=Path("a.csv"))


def test_columns_of_every_part_are_checked(write: Write) -> None:
    text = """
source: acuity
events:
  - type: {column: C1, map: {a: booking.created}}
    when: {column: C2, empty: false}
    source_event_id: "{C3}"
    subject_id: "{C4}"
    occurred_at: {column: [C5, C6], zone: {column: C7}, plus: {column: C8}}
    fields:
      booking_id: {template: "{C9}-{C10}"}
      price_minor: {column: C11, type: money, currency: {column: C12}, running_total_per: "{C13}"}
"""
    mapping = load_mapping(write("m.yaml", text))

    with pytest.raises(ImportFileError) as caught:
        check_columns(mapping, header=["other"], file=Path("a.csv"))

    for number in range(1, 14):
        assert f"no column 'C{number}'" in caught.value.detail
