"""Whose booking page is looked at, how, and where its steps are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, HTTPException, Request

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.serving.hosts import host_name
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.domains.bookings.settings import BookingPage
from frontdesk.domains.catalogue.settings import Service
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.dependencies import RuntimeDep, client_address
from webhooks.pages.forms import Fields, check_origin, read_form
from webhooks.runtime import Runtime

#: Details of one customer, and what they chose; a browser sends no more.
MAX_FORM_BYTES = 16_384
_NO_PAGE = "there is no booking page at this address; look again at the address, or ask the business for it"


class NoPageError(FrontdeskError):
    """There is no such booking page, service or step."""

    http_status = 404
    title = "There is no page here"


class TooManyRequestsError(FrontdeskError):
    """One address asks for more than a person can. It is told when to come again."""

    http_status = 429
    title = "Too many requests"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too much came from your network at once; try again in {retry_after_s} seconds")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at a business's page."""

    business: Tenant
    version: Configuration | None  #: of the business's document, as the log has it
    page: BookingPage
    is_embedded: bool = False

    @property
    def services(self) -> tuple[Service, ...]:
        """What is booked here."""
        return self.business.services_on_page()

    def find_service(self, key: str) -> Service:
        """Return a service of the page. Raises NoPageError."""
        found = next((each for each in self.services if each.key == key), None)
        if found is None:
            raise NoPageError("this service is not booked online; choose one of those that are")
        return found

    def path(self, *steps: str, **query: str | None) -> str:
        """Return the address of a step, in the same frame as this one."""
        parts = "/".join(("/b", self.business.slug, *(quote(step, safe="") for step in steps)))
        told = {name: value for name, value in query.items() if value}
        if self.is_embedded:
            told["embed"] = "1"
        return f"{parts}?{urlencode(told)}" if told else parts


async def count_request(request: Request, *, runtime: RuntimeDep) -> None:
    """Raise TooManyRequestsError if one address asks for more than a person can."""
    waits = runtime.visitors.take(
        client_address(request), is_change=request.method == "POST", now=runtime.clock.now()
    )
    if waits:
        raise TooManyRequestsError(waits)


async def get_visit(slug: str, *, request: Request, runtime: RuntimeDep) -> Visit:
    """Return the visit of a page. Raises NoPageError if there is none, HTTPException if it can't be read."""
    return find_visit(runtime, slug, request=request)


async def get_visit_by_host(request: Request, *, runtime: RuntimeDep) -> Visit:
    """Return the visit of the page whose own host is asked. Raises NoPageError."""
    slugs = hosts_of(runtime.tenants).get(host_name(request.headers.get("host", "")), ())
    if len(slugs) != 1:  # of two who claim a name neither has it
        raise NoPageError(_NO_PAGE)
    return find_visit(runtime, slugs[0], request=request)


def find_visit(runtime: Runtime, slug: str, *, request: Request) -> Visit:
    """Return the visit of a business's page. Raises as get_visit."""
    try:
        business, version = runtime.businesses.in_force(slug)
    except HTTPException as error:
        if error.status_code == HTTPStatus.FORBIDDEN:
            raise NoPageError(_NO_PAGE) from error
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE, "nothing can be booked here just now; please call, or try again later"
        ) from error
    host = host_name(request.headers.get("host", ""))
    others = hosts_of(runtime.tenants).get(host, (slug,))
    if business.booking_page is None or slug not in others:
        raise NoPageError(_NO_PAGE)
    is_embedded = request.query_params.get("embed") == "1" or request.url.path == f"/b/{slug}/embed"
    visit = Visit(business=business, version=version, page=business.booking_page, is_embedded=is_embedded)
    request.state.visit = visit  # a refusal is shown in the business's colours
    return visit


def hosts_of(businesses: Mapping[str, Tenant]) -> dict[str, tuple[str, ...]]:
    """Return whose pages have a host of their own, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for slug, business in businesses.items():
        if business.booking_page is not None and business.booking_page.host is not None:
            host = business.booking_page.host
            found[host] = (*found.get(host, ()), slug)
    return found


async def get_form(request: Request, *, runtime: RuntimeDep, visit: VisitDep) -> Fields:
    """Return the form that a page of ours sent. Raises HTTPException for any other."""
    if request.headers.get("sec-fetch-site") != "same-origin":
        page = f"/b/{visit.business.slug}"
        check_origin(request, hosts=runtime.hosts, page=page, own_host=visit.page.host)
    return await read_form(request, max_bytes=MAX_FORM_BYTES)


async def get_link_form(request: Request) -> Fields:
    """Return the form of who has a link: whoever can send it knows what proves them, from wherever they send it."""
    return await read_form(request, max_bytes=MAX_FORM_BYTES)


VisitDep = Annotated[Visit, Depends(get_visit)]
HostVisitDep = Annotated[Visit, Depends(get_visit_by_host)]
FormDep = Annotated[Fields, Depends(get_form)]
LinkFormDep = Annotated[Fields, Depends(get_link_form)]
