"""Maps one row's cells to one event, by one compiled rule of the mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from frontdesk.domains.imports.conditions import compile_condition, compile_type
from frontdesk.domains.imports.fields import Cells, FieldCompiler, columns_of
from frontdesk.domains.imports.known_facts import ImportedEvent
from frontdesk.domains.imports.mapping import EventRule, FieldRule
from frontdesk.domains.imports.payloads import drop_contact_without_identifier, explain, nest
from frontdesk.domains.imports.problems import CellError, Problem
from frontdesk.domains.imports.templates import Template
from frontdesk.domains.imports.totals import RunningTotals

Value = TypeVar("Value")
#: Types that end a booking.
ENDS = frozenset({"booking.cancelled", "booking.completed", "booking.no_show"})
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
        """Return the row's event, None where the row is none of this rule. Raises RowRefusedError."""
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
            problems = list(explain(error, type_=type_ or "", payload=payload, columns=self._columns))
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
