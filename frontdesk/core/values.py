"""Values that facts hold, as pydantic types: instants, days, amounts, currencies. What can't be meant is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    WrapValidator,
)

from frontdesk.core.money import is_currency

#: The source name of events that Frontdesk itself writes.
FRONTDESK_SOURCE = "frontdesk"
#: Years that a fact can tell of; beyond them a date was read in the wrong format.
FIRST_YEAR, LAST_YEAR = 1900, 2199

_Moment = TypeVar("_Moment", bound=date)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _plausible(moment: _Moment) -> _Moment:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"year {moment.year} is not in {FIRST_YEAR} to {LAST_YEAR}; check the date's format")
    return moment


def _known_currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError(f"{code} is no currency of ISO 4217, such as AUD")
    return code


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("Input should be a valid integer, not true or false")  # noqa: TRY004 - pydantic's
    return value


def _only_a_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("write a day as 2026-03-02")
    return value


def _instant_or_day(value: object, read_instant: Callable[[object], datetime]) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    return read_instant(value)


def _as_written(value: date) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


#: A calendar day without a time; a time of midnight is no day.
Day = Annotated[date, BeforeValidator(_only_a_day), AfterValidator(_plausible)]
#: A calendar day, of a time of midnight too.
DateOnly = Annotated[date, AfterValidator(_plausible)]
Instant = Annotated[
    AwareDatetime, AfterValidator(_plausible), Field(json_schema_extra={"pattern": r"^(19|20|21)\d\d-"})
]
InstantOrDay = Annotated[
    AwareDatetime,
    WrapValidator(_instant_or_day),
    AfterValidator(_plausible),
    PlainSerializer(_as_written, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)]
_TOO_MANY = 2**53
WholeNumber = Annotated[int, BeforeValidator(_no_truth)]
MinorUnits = Annotated[
    WholeNumber, Field(ge=0, lt=_TOO_MANY, description="Amount in minor units of the currency (cents).")
]
SignedMinorUnits = Annotated[
    WholeNumber,
    Field(gt=-_TOO_MANY, lt=_TOO_MANY, description="Minor units of the currency; below zero for a discount."),
]
#: A number kept as it is written, so that no digit is lost: "8.875".
DecimalText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=40, pattern=r"^-?\d+(\.\d+)?$"),
    BeforeValidator(_as_text),
]


class Payload(BaseModel):
    """What a fact tells. Unknown keys stay: older systems tell more than we model, and the log loses nothing."""

    model_config = ConfigDict(extra="allow", frozen=True)


def told_by(facts: Mapping[str, type[BaseModel]], *payloads: type[BaseModel]) -> tuple[str, ...]:
    """Return the types of facts that have one of these payloads, as a noun's `FACTS` says."""
    return tuple(type_ for type_, payload in facts.items() if payload in payloads)
