"""What a deliverer is, and what it can answer: to a call, and to the question what became of one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

Content_co = TypeVar("Content_co", covariant=True)
Content_contra = TypeVar("Content_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it."""

    provider_id: str  #: the provider's id of it, or ours where the provider gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider surely did not take it."""

    reason: str
    is_permanent: bool = False  #: the message's own fault: asking again is of no use
    retry_after: datetime | None = None  #: aware UTC; not to be called before
    is_set_up: bool = False  #: the set-up's fault, such as wrong credentials: it would refuse every other one too
    is_opted_out: bool = False  #: the provider knows that the recipient said STOP
    error_code: str | None = None  #: as the provider writes it


@dataclass(frozen=True, slots=True)
class Unknown:
    """The provider may have taken it: no answer came after the request was sent."""

    reason: str


Answer = Accepted | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Found:
    """The provider has it."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider has no such message."""

    is_final: bool = False  #: False: one that is still on its way may come into its lists later


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTell:
    """The provider did not answer, or its answer leaves it open."""

    reason: str
    is_final: bool = False  #: asking again is of no use: a person has to look


LookUp = Found | NotFound | CannotTell


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt(Generic[Content_co]):
    """A call of which no answer came."""

    command_key: str
    content: Content_co  #: as it is composed now: a template may have changed since the call
    since: datetime  #: when the call began, aware UTC
    others: Collection[str]  #: provider ids known to be other commands'


class Deliverer(Protocol[Content_contra]):
    """One provider as one tenant uses it. Safe to use from several threads; raises nothing that an answer can say."""

    def deliver(self, command_key: str, content: Content_contra, /) -> Answer:
        """Call the provider once."""
        ...

    def look_up(self, doubt: Doubt[Content_contra], /) -> LookUp:
        """Ask what became of a call of which no answer came."""
        ...
