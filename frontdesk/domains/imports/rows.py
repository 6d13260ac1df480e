"""Maps the rows of one CSV file to events: all events of a row, or none of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson

from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.tenant.business import Business
from frontdesk.domains.imports.columns import ComputedColumns, kept_columns
from frontdesk.domains.imports.csv_file import Record
from frontdesk.domains.imports.envelopes import Arrival, to_new_event
from frontdesk.domains.imports.event_mapper import ENDS, EventMapper, RowRefusedError
from frontdesk.domains.imports.fields import FieldCompiler, Locale
from frontdesk.domains.imports.known_facts import ImportedEvent
from frontdesk.domains.imports.mapping import Mapping
from frontdesk.domains.imports.problems import MappedRow, Problem
from frontdesk.domains.imports.totals import RunningTotals

#: How programs keep a spreadsheet from reading digits as a number: ="0491570156", ="12.00".
_TEXT_AS_FORMULA = re.compile(r'="((?:[^"]|"")*)"')


class RowMapper:
    """Maps the records of one file, whose header has passed check_columns."""

    def __init__(
        self, mapping: Mapping, *, tenant: Business, header: Sequence[str], arrival: Arrival, folder: Path = Path()
    ) -> None:
        self._tenant_id = tenant.slug
        self._header = header
        self._arrival = arrival
        self._empty_values = {value.strip().casefold() for value in mapping.file.empty_values}
        self._totals = RunningTotals()
        self._computed = ComputedColumns(mapping.columns, header=header, file=mapping.file, folder=folder)
        self._kept = kept_columns(mapping.columns)
        compiler = FieldCompiler(_locale_of(mapping, tenant))
        self._events = [
            EventMapper(
                event,
                source=mapping.source,
                fields=mapping.fields_of(event),
                compiler=compiler,
                totals=self._totals,
                decimal_mark=mapping.file.decimal_mark,
                system=mapping.system,
                business_zone=ZoneInfo(tenant.zone),
            )
            for event in mapping.events
        ]

    def map(self, record: Record) -> MappedRow:
        """Return the row's events, or everything that is wrong with it."""
        if record.problem:
            return MappedRow(line=record.line, cells=record.cells, problems=[Problem("", record.problem)])
        cells = {name: self._clean(cell) for name, cell in zip(self._header, record.cells, strict=True)}
        found: list[ImportedEvent] = []
        problems = [Problem(column, reason) for column, reason in self._computed.add(cells)]
        row = MappedRow(line=record.line, cells=record.cells, kept=[cells[name] for name in self._kept])
        for event in self._events:
            try:
                imported = event.map(cells)
            except RowRefusedError as error:
                problems += error.problems
            else:
                found += [imported] if imported else []
        problems += _find_repeated_ids(found)
        if problems:
            self._totals.forget()
            # Two events that read the same cell say the same of it.
            return replace(row, problems=list(dict.fromkeys(problems)))
        self._totals.keep()
        body = orjson.dumps(dict(zip(self._header, record.cells, strict=True)))
        events = [
            to_new_event(imported, tenant_id=self._tenant_id, arrival=self._arrival, line=record.line, body=body)
            for imported in found
        ]
        return replace(row, events=events, endings=list(self._find_endings(events, cells)))

    def _find_endings(self, events: Sequence[NewEvent], cells: dict[str, str]) -> Iterator[str]:
        types = {event.type for event in events}
        if types.isdisjoint(ENDS) and any(type_.startswith("booking.") for type_ in types):
            for event in self._events:
                yield from event.ending_ids(cells)

    def _clean(self, cell: str) -> str:
        text = cell.strip()
        if text.startswith('="') and (formula := _TEXT_AS_FORMULA.fullmatch(text)):
            text = formula[1].replace('""', '"').strip()
        return "" if text.casefold() in self._empty_values else text


def _locale_of(mapping: Mapping, tenant: Business) -> Locale:
    """What the mapping's defaults say, and the tenant's own zone, currency and country for the rest."""
    return Locale(
        zone=ZoneInfo(mapping.defaults.zone or tenant.zone),
        currency=mapping.defaults.currency or tenant.currency,
        region=mapping.defaults.region or tenant.country,
        decimal_mark=mapping.file.decimal_mark,
        date_order=mapping.file.date_order,
    )


def _find_repeated_ids(events: list[ImportedEvent]) -> Iterator[Problem]:
    for source_event_id, count in Counter(event.source_event_id for event in events).items():
        if count > 1:
            yield Problem(
                "source_event_id",
                f"{source_event_id!r} is the id of {count} events of this row; add the type to their templates",
            )
