"""What can be booked and when: GET /v1/services, GET /v1/availability."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query

from frontdesk.core.money import to_minor_units
from frontdesk.core.values import Instant
from frontdesk.core.wall_clock import in_words
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.shapes import PersonRead, ServiceList, ServiceRead, SlotList, SlotRead
from frontdesk.domains.catalogue.open_times import instant
from frontdesk.domains.catalogue.settings import BookableBusiness, Service
from frontdesk.domains.staff.roles import Permission
from webhooks.api.requests import NO_NUL, unprocessable
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems

_WIDEST = timedelta(days=62)
_WEEK = timedelta(days=7)
_Key = Annotated[str, Query(min_length=1, max_length=63, pattern=NO_NUL)]

router = APIRouter(prefix="/v1", tags=["bookings"])


async def get_availability(runtime: RuntimeDep) -> Availability:
    """Return what tells which times are free."""
    return Availability(runtime.engine, clock=runtime.clock)


@router.get("/services", responses=document_problems(401, 403, 503))
def list_services(caller: Annotated[Caller, allow(Permission.LOOK)], runtime: RuntimeDep) -> ServiceList:
    """List what the business offers, and who does it."""
    business = runtime.businesses.get(caller.tenant_id)
    return ServiceList(
        services=[_service(business, service) for service in business.services],
        people=[PersonRead(key=person.key, name=person.name) for person in business.people],
        zone=business.zone,
    )


@router.get("/availability", responses=document_problems(401, 403, 422, 503))
def list_availability(
    service_key: _Key,
    *,
    begins: Annotated[Instant | None, Query(alias="from", description="Left out: now.")] = None,
    ends: Annotated[Instant | None, Query(alias="to", description="Left out: a week later.")] = None,
    person: _Key | None = None,
    caller: Annotated[Caller, allow(Permission.LOOK)],
    runtime: RuntimeDep,
    availability: Annotated[Availability, Depends(get_availability)],
) -> SlotList:
    """List the times of a service that can be booked. What is listed books, as long as nobody else books it first."""
    business = runtime.businesses.get(caller.tenant_id)
    begins = begins or runtime.clock.now()
    ends = ends or begins + _WEEK
    if not begins < ends <= begins + _WIDEST:
        raise unprocessable(f"to: must be later than from, by {_WIDEST.days} days at most")
    listing = availability.list_free(business, Wish(service_key=service_key, person=person), begins=begins, ends=ends)
    zone = ZoneInfo(business.zone)
    slots = [
        SlotRead(
            starts_at=instant(free.starts),
            ends_at=instant(free.ends),
            starts_at_local=in_words(instant(free.starts), zone),
            people=[
                place.resource.partition(":")[2] for place in free.places if place.resource.startswith("person:")
            ],
        )
        for free in listing.free
    ]
    return SlotList(service_key=service_key, zone=business.zone, slots=slots, log_position=listing.position)


def _service(business: BookableBusiness, service: Service) -> ServiceRead:
    terms = service.booking
    needs = terms.needs if terms else ()
    people = [each.key for need in needs if not need.rooms for each in need.candidates(business.people, ())]
    return ServiceRead(
        service_key=service.key,
        name=service.name,
        description=service.description,
        price_minor=to_minor_units(service.price, business.currency),
        currency=business.currency,
        duration_minutes=service.duration_minutes,
        is_bookable=terms is not None,
        people=list(dict.fromkeys(people)),
        notice_minutes=None if terms is None else int(terms.notice.total_seconds() // 60),
        horizon_days=None if terms is None else terms.horizon.days,
        is_confirmed_at_once=None if terms is None else terms.confirmed,
    )
