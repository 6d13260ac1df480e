"""Who and what a booking takes up, in a business's file: people, rooms, their hours, days that are otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from frontdesk.core.tenant.business import OpenHours
from frontdesk.core.tenant.fields import Key, Strict, Weekday

#: How many days one entry of exceptions can span: a year of parental leave, and some more.
_LONGEST_EXCEPTION_DAYS = 800


class DayException(Strict):
    """A day, or several in a row, with other hours than its weekday has."""

    day: date = Field(description="The day, or the first of several.", examples=["2026-12-24"])
    until: date | None = Field(default=None, description="The last day of several.", examples=["2026-12-26"])
    hours: tuple[OpenHours, ...] = Field(
        default=(),
        description="Its hours; left out: closed, or away.",
        examples=[[{"opens": "09:00", "closes": "12:00"}]],
    )
    reason: str | None = Field(default=None, description="Why, for staff.", examples=["Christmas"])

    @property
    def last_day(self) -> date:
        """The last day that it holds for."""
        return self.until or self.day

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> DayException:
        if not 0 <= (self.last_day - self.day).days < _LONGEST_EXCEPTION_DAYS:
            raise ValueError(f"until must be the day or later, by less than {_LONGEST_EXCEPTION_DAYS} days")
        return self


class PublicHolidays(Strict):
    """Days on which it is closed because the country, or a part of it, has a holiday."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="ISO 3166; left out: the business's own.", examples=["CA"]
    )
    subdivision: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")] | None = Field(
        default=None, description="Its state, province or nation, as ISO 3166-2 shortens it.", examples=["WA"]
    )
    open_on: tuple[date, ...] = Field(
        default=(), description="Holidays on which it is open all the same.", examples=[["2026-04-27"]]
    )


class Resource(Strict):
    """A person or a room: what can be taken up."""

    key: Key = Field(description="Its name in services' needs and in bookings.")
    name: str = Field(description="As staff and customers know it.")
    capacity: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="How many bookings it takes at the same time."
    )
    hours: dict[Weekday, tuple[OpenHours, ...]] | None = Field(
        default=None,
        description="When it can be booked, by day; a day that is left out is none. Left out: when the service is.",
        examples=[{"monday": [{"opens": "09:00", "closes": "13:00"}]}],
    )
    exceptions: tuple[DayException, ...] = ()


class Person(Resource):
    """Somebody who does what is booked."""

    skills: tuple[Key, ...] = Field(
        default=(), description="What they can do, in words of the business's own.", examples=[["notary"]]
    )


class Room(Resource):
    """A room, a bay, a machine: where or by what it is done."""


class Need(Strict):
    """One person or room that a booking takes up, out of those that would do."""

    people: tuple[Key, ...] = Field(
        default=(), description="One of these people, the first that is free.", examples=[["ana", "ben"]]
    )
    skill: Key | None = Field(default=None, description="One of the people who have this skill.", examples=["notary"])
    rooms: tuple[Key, ...] = Field(
        default=(), description="One of these rooms, the first that is free.", examples=[["bay"]]
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Need:
        if [bool(self.people), bool(self.skill), bool(self.rooms)].count(True) != 1:
            raise ValueError("say one of people, skill and rooms; what is needed besides is an entry of its own")
        return self

    def candidates(self, people: tuple[Person, ...], rooms: tuple[Room, ...]) -> tuple[Resource, ...]:
        """Return who or what would do, in the order of preference."""
        if self.skill:
            return tuple(person for person in people if self.skill in person.skills)
        by_key: Mapping[str, Resource] = {each.key: each for each in (people if self.people else rooms)}
        return tuple(by_key[key] for key in self.people or self.rooms if key in by_key)

    def problem(self, people: tuple[Person, ...], rooms: tuple[Room, ...]) -> str | None:
        """Return what is wrong with it among these people and rooms, None if nothing is."""
        if self.skill:
            return None if self.candidates(people, rooms) else f"nobody of people has the skill {self.skill!r}"
        kind, known = ("people", people) if self.people else ("rooms", rooms)
        unknown = sorted(set(self.people or self.rooms) - {each.key for each in known})
        return f"{', '.join(unknown)}: no key of {kind}; add it there" if unknown else None
