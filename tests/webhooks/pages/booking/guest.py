"""Somebody who books on the page as a browser without JavaScript does: reads forms, fills them in, sends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from frontdesk.domains.tenancy.tenant import Tenant
from tests.webhooks.booking_desk import tenant

PAGE = {"intro": "Book in two minutes.", "framed_by": ["https://www.salon.example"]}
WELCOME = {"code": "WELCOME10", "name": "Welcome", "percent": 10}
WASH = {"key": "wash", "name": "Wash", "price": 8}
#: The start of tests/domains/bookings/salon.py's TEN, as a page sends it.
TEN = "2027-03-02T16:00Z"
DETAILS = {"name": "Ana Ruiz", "phone": "312 555 0123", "agreed": "yes"}


def page_tenant(**changes: Any) -> Tenant:
    """The salon, with a page."""
    return tenant(**({"booking_page": PAGE, "promo_codes": [WELCOME], "surcharges": [WASH]} | changes))


@dataclass
class Form:
    """A form of a page, with what it would send as it stands."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.text: list[str] = []
        self._is_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._is_style = tag == "style"
        if "id" in given:
            assert given["id"] not in self.ids, "an id is there once"
            self.ids.add(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag == "form":
            self.forms.append(Form(given["action"], given["method"]))
        is_sent = given.get("type") not in ("checkbox",) or "checked" in given
        if tag == "input" and is_sent:
            self.forms[-1].values.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._is_style &= tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._is_style:
            self.text.append(data)


@dataclass(frozen=True)
class Seen:
    """A page as it came."""

    answer: httpx.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def text(self) -> str:
        """The words of the page."""
        return " ".join(" ".join(self._read().text).split())

    @property
    def form(self) -> Form:
        """The form that goes on: the last that posts, else the last."""
        forms = self._read().forms
        return [form for form in forms if form.method == "post"][-1] if self._posts(forms) else forms[-1]

    @property
    def links(self) -> list[str]:
        return self._read().links

    @property
    def location(self) -> str:
        return str(self.answer.headers["location"])

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.answer.text)
        reader.close()
        return reader

    @staticmethod
    def _posts(forms: list[Form]) -> bool:
        return any(form.method == "post" for form in forms)


class Guest:
    """One customer, who follows no redirect by themselves."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self._origin = str(client.base_url).rstrip("/")

    def look(self, path: str, **query: str) -> Seen:
        return Seen(self.client.get(path, params=query or None))

    def send(self, path: str, values: dict[str, Any], *, headers: dict[str, str] | None = None) -> Seen:
        given = {"origin": self._origin} if headers is None else headers
        return Seen(self.client.post(path, data=values, headers=given))

    def submit(self, page: Seen, **typed: str) -> Seen:
        """Send the page's form with what is typed."""
        form = page.form
        values = form.values | typed
        return self.send(form.action, values) if form.method == "post" else self.look(form.action, **values)

    def details(self, *, service: str = "cut", start: str = TEN, **query: str) -> Seen:
        """Go to where details are asked for."""
        return self.look("/b/salon/details", service=service, start=start, **query)

    def price(self, *, service: str = "cut", start: str = TEN, **typed: str) -> Seen:
        """Fill in the details; return what follows."""
        return self.submit(self.details(service=service, start=start), **(DETAILS | typed))

    def book(self, *, service: str = "cut", start: str = TEN, **typed: str) -> str:
        """Book; return the path of the link to the booking."""
        booked = self.submit(self.price(service=service, start=start, **typed))
        assert booked.status == 303, booked.text
        return booked.location
