"""Maps the rows of a file to events, by the compiled rules of the mapping."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from frontdesk.core.errors import validation_message
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.tenant.business import Business
from frontdesk.domains.bookings.facts import ENDS
from frontdesk.domains.imports.computed_columns import ComputedColumns, kept_columns
from frontdesk.domains.imports.csv_file import Record
from frontdesk.domains.imports.fields import Cells, FieldCompiler, Locale, columns_of, compile_condition, compile_type
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS, ImportedEvent
from frontdesk.domains.imports.mapping import EventRule, FieldRule, ImportMapping
from frontdesk.domains.imports.ndjson import Arrival, to_new_event
from frontdesk.domains.imports.problems import CellError, MappedRow, Problem
from frontdesk.domains.imports.templates import Template


class RunningTotals:
    """Sums by key, in the order of the file. A repeated id gets the total of its first time."""

    def __init__(self) -> None:
        self._sums: dict[str, int] = {}
        self._totals: dict[tuple[str, str], int] = {}
        self._pending: dict[tuple[str, str], int] = {}

    def add(self, key: str, *, event_id: str, amount: int) -> int:
        """Return the key's total with this amount; it counts for later rows once the row is kept."""
        if (key, event_id) in self._totals:
            return self._totals[key, event_id]
        self._pending[key, event_id] = amount
        return self._sums.get(key, 0) + sum(value for (other, _), value in self._pending.items() if other == key)

    def keep(self) -> None:
        """Count what the present row added."""
        for (key, event_id), amount in self._pending.items():
            self._sums[key] = self._totals[key, event_id] = self._sums.get(key, 0) + amount
        self._pending.clear()

    def forget(self) -> None:
        """Drop what the present row added: it was refused."""
        self._pending.clear()


_CONTACT_IDENTIFIERS = ("external_id", "phone", "email")
_IDENTIFIER_PATHS = tuple(f"contact.{key}" for key in _CONTACT_IDENTIFIERS)

#: What has a list in a payload: `lines.0.staff` is of the first line.
_LISTS = {"lines", "taxes"}
#: A line or tax without any of them is none: its other fields can be the same for every row.
_SAYS_SOMETHING = {"amount_minor", "description", "line_id"}


def nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"contact.phone": "+1..."} as {"contact": {"phone": "+1..."}}; what is None is left out."""
    payload: dict[str, Any] = {}
    for path, value in values.items():
        if value is None:
            continue
        *parents, key = path.split(".")
        inner = payload
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[key] = value
    for key in _LISTS & payload.keys():
        payload[key] = _as_list(payload[key])
    return {key: value for key, value in payload.items() if value != []}


def _as_list(by_place: Any) -> Any:
    """Return {"0": first, "1": second} as a list, without the lines and taxes of which the row says nothing."""
    if not (isinstance(by_place, dict) and all(key.isdecimal() for key in by_place)):
        return by_place
    items = [item for _, item in sorted(by_place.items(), key=lambda entry: int(entry[0]))]
    for item in (item for item in items if isinstance(item, dict) and "taxes" in item):
        item["taxes"] = _as_list(item["taxes"])
    return [item for item in items if not (isinstance(item, dict) and item.keys().isdisjoint(_SAYS_SOMETHING))]


def drop_contact_without_identifier(payload: dict[str, Any]) -> None:
    """Remove a contact that is a mere name: nobody can be told apart by it."""
    contact = payload.get("contact")
    if isinstance(contact, dict) and not any(contact.get(key) for key in _CONTACT_IDENTIFIERS):
        del payload["contact"]


def explain_mistakes(
    error: ValidationError, *, type_: str, payload: Mapping[str, Any], columns: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield the mistakes of an event, each with the columns its field is read from (`columns`, by path)."""
    for mistake in error.errors():
        if mistake["loc"] != ("payload",):
            key = ".".join(str(part) for part in mistake["loc"])
            yield Problem(columns.get(key, key), _reason(mistake))
    model = CANONICAL_PAYLOADS.get(type_)
    if model is None:
        return
    try:
        model.model_validate(payload)
    except ValidationError as inner:
        for mistake in inner.errors():
            path = ".".join(str(part) for part in mistake["loc"])
            yield Problem(_columns_of(path, columns), _reason(mistake, type_=type_, path=path))


def _columns_of(path: str, columns: Mapping[str, str]) -> str:
    paths = _IDENTIFIER_PATHS if path == "contact" else (path,)
    return ", ".join(dict.fromkeys(columns[other] for other in paths if columns.get(other))) or path


def _reason(mistake: Any, *, type_: str = "", path: str = "") -> str:
    if path == "contact":
        return f"{type_} needs the contact's phone, email or external_id, and the row has none"
    if mistake["type"] == "missing":
        return f"{type_} needs {path}, and the row has none"
    return validation_message(mistake)


Value = TypeVar("Value")
_DAYS_OF_BOOKINGS = ("starts_at", "ends_at")


class RowRefusedError(Exception):
    """The row can't become this event; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


class EventMapper:
    """One event rule, compiled for one file."""

    def __init__(
        self,
        rule: EventRule,
        *,
        source: str,
        fields: Mapping[str, FieldRule],
        compiler: FieldCompiler,
        totals: RunningTotals,
        decimal_mark: str,
        system: str | None,
        business_zone: ZoneInfo,
    ) -> None:
        self._rule = rule
        self._system = system
        self._business_zone = business_zone
        self._source = source
        self._totals = totals
        self._conditions = [compile_condition(condition, decimal_mark=decimal_mark) for condition in rule.when]
        self._type_of = compile_type(rule.type)
        self._id = Template(rule.source_event_id)
        self._subject = Template(rule.subject_id) if rule.subject_id else None
        self._occurred_at = compiler.compile(rule.occurred_at.model_copy(update={"required": True}))
        self._occurred_on = compiler.compile_day(rule.occurred_at)
        self._days = {
            path: compiler.compile_day(fields[path])
            for path in _DAYS_OF_BOOKINGS
            if path in fields and fields[path].type == "datetime"
        }
        self._columns = {path: ", ".join(columns_of(field)) for path, field in fields.items()}
        beside = {path: fields.get(sibling_currency(path)) for path, field in fields.items() if field.type == "money"}
        self._readers = {path: compiler.compile(field, sibling=beside.get(path)) for path, field in fields.items()}
        self._currencies = {
            path: compiler.compile_currency(fields[path], sibling=sibling) for path, sibling in beside.items()
        }
        self._running = {
            path: Template(field.running_total_per) for path, field in fields.items() if field.running_total_per
        }

    def map(self, cells: Cells) -> ImportedEvent | None:
        """Return the row's event, None if the row is none of this rule. Raises RowRefusedError."""
        attempt = _Attempt()
        if not all(attempt(condition, cells, field="when") for condition in self._conditions):
            if attempt.problems:
                raise RowRefusedError(attempt.problems)
            return None
        type_ = attempt(self._type_of, cells, field="type")
        if type_ is None and not attempt.problems:
            return None
        source_event_id = attempt(self._id.render_id, cells, field="source_event_id")
        occurred_at = attempt(self._occurred_at, cells, field="occurred_at")
        values = {path: attempt(reader, cells, field=path) for path, reader in self._readers.items()}
        if not attempt.problems:
            attempt.problems.extend(self._add_currencies(values, cells))
            self._add_running_totals(values, cells, event_id=source_event_id or "")
        if attempt.problems:
            raise RowRefusedError(attempt.problems)
        if (type_ or "").startswith("booking."):
            self._keep_days(values, cells, occurred_at=occurred_at or "")
        if self._system is not None and values.get("contact.external_id") is not None:
            values["contact.system"] = self._system
        payload = nest(values)
        if self._rule.contact_without_identifier == "drop":
            drop_contact_without_identifier(payload)
        try:
            return ImportedEvent(
                source=self._source,
                source_event_id=source_event_id or "",
                type=type_ or "",
                occurred_at=occurred_at,
                subject_id=(self._subject.render(cells) or None) if self._subject else None,
                payload=payload,
            )
        except ValidationError as error:
            problems = list(explain_mistakes(error, type_=type_ or "", payload=payload, columns=self._columns))
            raise RowRefusedError(problems) from error

    def ending_ids(self, cells: Cells) -> Iterator[str]:
        """Yield the ids that this rule would give a booking's end, were another word in the row."""
        rule = self._rule.type
        if rule.constant in ENDS:
            words = [
                (condition.column, word)
                for condition in self._rule.when
                for word in ([condition.equals] if condition.equals is not None else condition.one_of or ())
            ]
        else:
            words = [(rule.column or "", word) for word, type_ in rule.map.items() if type_ in ENDS]
        others: list[Cells] = [{**cells, column: word} for column, word in words]
        if not others and rule.constant in ENDS:
            others = [cells]
        for other in others:
            if all(other[column] for column in self._id.columns):
                yield self._id.render_id(other)

    def _keep_days(self, values: dict[str, Any], cells: Cells, *, occurred_at: str) -> None:
        """Write a day that has no time as a day: a booking of a whole day, and a change of which no time is known."""
        for path, day_of in self._days.items():
            if values[path] is not None:
                values[path] = day_of(cells) or values[path]
        # Midnight on the business's clock is understood as a day; elsewhere, and where none is, the day is written.
        day = self._occurred_on(cells)
        if day and datetime.fromisoformat(occurred_at).astimezone(self._business_zone).time() != time(0):
            values["occurred_on"] = day

    def _add_currencies(self, values: dict[str, Any], cells: Cells) -> Iterator[Problem]:
        """Write beside each amount the currency it was read in, so that the two can't differ."""
        for path, currency_of in self._currencies.items():
            if values[path] is None:
                continue
            sibling, currency = sibling_currency(path), currency_of(cells)
            if (values.get(sibling) or currency).upper() != currency:
                yield Problem(path, f"is in {currency}, but {sibling} says {values[sibling]}")
            values[sibling] = currency

    def _add_running_totals(self, values: dict[str, Any], cells: Cells, *, event_id: str) -> None:
        for path, template in self._running.items():
            if values[path] is not None:
                key = f"{path}:{template.render(cells)}"
                values[path] = self._totals.add(key, event_id=event_id, amount=values[path])


class _Attempt:
    """Reads one value after another and collects what is wrong, so that a row's mistakes are told together."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def __call__(self, read: Callable[[Cells], Value], cells: Cells, *, field: str) -> Value | None:
        try:
            return read(cells)
        except CellError as error:
            self.problems.append(Problem(error.column or field, error.reason))
            return None


def sibling_currency(path: str) -> str:
    """Return the path of the currency that goes with an amount: beside it, and beside the list of lines or taxes."""
    *parents, _ = path.split(".")
    if parents and parents[0] in ("lines", "taxes"):
        return "currency"
    return ".".join([*parents, "currency"])


#: How programs keep a spreadsheet from reading digits as a number: ="0491570156", ="12.00".
_TEXT_AS_FORMULA = re.compile(r'="((?:[^"]|"")*)"')


class RowMapper:
    """Maps the records of one file, whose header has passed check_columns."""

    def __init__(
        self,
        mapping: ImportMapping,
        *,
        tenant: Business,
        header: Sequence[str],
        arrival: Arrival,
        folder: Path = Path(),
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


def _locale_of(mapping: ImportMapping, tenant: Business) -> Locale:
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
