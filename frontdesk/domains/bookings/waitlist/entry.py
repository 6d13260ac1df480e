"""An entry of a waitlist as its newest event tells it: each event holds all of it, so the newest is its state."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from frontdesk.domains.identity.facts import ContactPayload

EntryStatus = Literal["waiting", "offered", "accepted", "left"]
#: Withdrawn: staff released the time that was kept for it.
HowTurnedDown = Literal["declined", "expired", "withdrawn"]
#: Statuses in which somebody still waits.
OPEN: frozenset[EntryStatus] = frozenset({"waiting", "offered"})


class Offer(BaseModel):
    """A time that somebody was offered. Instants are aware, in UTC."""

    model_config = ConfigDict(frozen=True)

    booking_id: str  #: of the slot hold, where the time is kept; what is accepted becomes the booking of this id
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    starts_at_local: str  #: 2027-03-14T09:00: what the customer was told
    zone: str
    staff: str | None = None
    offered_at: AwareDatetime
    expires_at: AwareDatetime
    is_held: bool  #: False: it is offered to several, and the first who accepts has it


class TurnedDown(BaseModel):
    """A start that somebody was offered and is not offered again."""

    model_config = ConfigDict(frozen=True)

    starts_at: AwareDatetime
    how: HowTurnedDown


class WaitlistEntry(BaseModel):
    """Somebody who waits for a start in a time. Instants are aware, in UTC."""

    model_config = ConfigDict(frozen=True)

    entry_id: str
    version: int = 1  #: which change of it this is
    status: EntryStatus
    service_key: str
    service: str  #: its name then
    person: str | None = None  #: this person alone
    starts_from: AwareDatetime  #: starts from this instant on
    starts_until: AwareDatetime  #: until this one, which is not among them
    contact: ContactPayload
    joined_at: AwareDatetime
    offer: Offer | None = None  #: the newest; it stands while the status is offered
    turned_down: tuple[TurnedDown, ...] = ()

    @property
    def order(self) -> tuple[int, datetime, str]:
        """Who is asked first: of those who have turned down the fewest times, who joined first."""
        own = sum(each.how != "withdrawn" for each in self.turned_down)
        return own, self.joined_at, self.entry_id

    @property
    def standing_offer(self) -> Offer | None:
        """The offer that it has now."""
        return self.offer if self.status == "offered" else None

    def wants(self, starts_at: datetime) -> bool:
        """Tell whether a start is one that it waits for, and has not turned down."""
        in_time = self.starts_from <= starts_at < self.starts_until
        return in_time and all(each.starts_at != starts_at for each in self.turned_down)

    def turned(self, how: HowTurnedDown, offer: Offer) -> WaitlistEntry:
        """Return it as it waits again, for other starts than the one that it was offered."""
        turned = TurnedDown(starts_at=offer.starts_at, how=how)
        return self.changed(status="waiting", turned_down=(*self.turned_down, turned))

    def changed(self, **changes: Any) -> WaitlistEntry:
        """Return it with these fields changed."""
        return self.model_copy(update=changes)

    def payload(self, **more: str | None) -> dict[str, Any]:
        """Return what its event tells: all of it, and who did what for which reason."""
        told = {name: value for name, value in more.items() if value is not None}
        return self.model_dump(mode="json", exclude_none=True) | told
