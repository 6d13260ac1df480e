"""Fields that the parts of a tenant's file share: names, addresses, and times of day in their written forms."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from frontdesk.core.email_address import mailable_address

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
#: Monday first, as `date.weekday` counts.
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=63)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=63)]
#: No currency of ISO 4217 has more digits than four; that a price has no more than its own is checked with it.
Price = Annotated[Decimal, Field(ge=0, decimal_places=4, max_digits=14)]
#: A name such as STRIPE_API_KEY: capitals, so that a secret pasted here by mistake is refused.
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$", max_length=63)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
E164Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]


def _refuse_unmailable(address: str) -> str:
    if mailable_address(address) is None:
        raise ValueError("no mail server is sure to take it: write letters without accents before the @")
    return address


#: An address that e-mails are sent to or from.
MailableEmail = Annotated[Email, AfterValidator(_refuse_unmailable)]


def _refuse_yaml_numbers(value: object) -> object:
    # YAML reads an unquoted 17:00 as a base-60 number, 1020, which would pass as seventeen minutes past midnight.
    if isinstance(value, str | time):
        return value
    raise ValueError('write it in quotes, such as "17:00"')


LocalTime = Annotated[time, BeforeValidator(_refuse_yaml_numbers)]
#: How a day's end, 24:00, is kept: `datetime.time` has none.
END_OF_DAY: Final = time.max


def _read_end_of_day(value: object) -> object:
    return END_OF_DAY if value == "24:00" else _refuse_yaml_numbers(value)


#: When something closes: a time of day, or 24:00.
ClosingTime = Annotated[time, BeforeValidator(_read_end_of_day)]


class Strict(BaseModel):
    """A mapping of which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)
