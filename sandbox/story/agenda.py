"""What happens to one customer, step by step: times are planned first, bodies are written when a step is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Concatenate, ParamSpec

from sandbox.businesses import Business
from sandbox.delivery import Delivery
from sandbox.people import Person

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a journey takes place."""

    business: Business
    #: Twilio and Google Calendar put no time in what they post, so a year of it sent today would all date from today.
    #: What happened before this instant is told as history imported from an older system instead.
    dated_from: datetime
    #: From this instant on Frontdesk texts by its own rules, and the older system, which did until then, is silent:
    #: else every customer would be told twice.
    texts_until: datetime

    @property
    def slug(self) -> str:
        """The business's slug."""
        return self.business.slug


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery to come: when, and how to write it for the instant at which it really happens."""

    at: datetime
    make: Callable[[datetime], Delivery]


@dataclass(slots=True)
class Agenda:
    """The steps of one customer's journey, in any order until asked for."""

    _steps: list[Step] = field(default_factory=list)
    #: When the first appointment begins: a journey told in real time stops there, for nobody can hurry a calendar.
    first_appointment: datetime | None = None

    def add(
        self, at: datetime, make: Callable[Concatenate[datetime, P], Delivery], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Plan a delivery. `make` gets the instant first, then these arguments; it must draw no random number."""
        self._steps.append(Step(at=at, make=lambda instant: make(instant, *args, **kwargs)))

    def book(self, starts_at: datetime) -> None:
        """Note that an appointment begins then."""
        self.first_appointment = min(starts_at, self.first_appointment or starts_at)

    def steps(self) -> list[Step]:
        """Return the steps in order of time."""
        return sorted(self._steps, key=lambda step: step.at)


#: Tells the life of one customer who turns up at an instant.
Life = Callable[[Setting, Person, datetime, Random], Agenda]
