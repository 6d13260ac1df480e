"""Forms that browsers send: read within limits, and from our own pages alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from urllib.parse import parse_qs

from fastapi import HTTPException, Request

from frontdesk.core.serving.hosts import KnownHosts, host_name

#: More than any page of ours has.
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Fields:
    """What a form or an address says, by name; a name can come several times."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Return pairs of names and values by their names."""
        values: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            values[name] = (*values.get(name, ()), value)
        return cls(values)

    def first(self, name: str, otherwise: str = "") -> str:
        """Return the first value of a name."""
        return self.values.get(name, (otherwise,))[0]

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of a name, none if it did not come."""
        return self.values.get(name, ())


async def read_form(request: Request, *, max_bytes: int) -> Fields:
    """Return what a form says. Raises HTTPException with 413 or 400 for one that is none of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a form has {max_bytes} bytes at most")
    try:
        fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"a form has {_MOST_FIELDS} fields at most") from error
    return Fields({name: tuple(values) for name, values in fields.items()})


def check_origin(request: Request, *, hosts: KnownHosts, page: str, own_host: str | None = None) -> None:
    """Raise HTTPException with 421 or 403 unless a form is of our own page. own_host: a name of the page's own."""
    host = request.headers.get("host", "")
    if not hosts.know(host) and (own_host is None or host_name(host) != own_host):
        detail = "this address is none of ours; set FRONTDESK_ALLOWED_HOSTS to the names that browsers use"
        raise HTTPException(HTTPStatus.MISDIRECTED_REQUEST, detail)
    if not hosts.are_ours(request.headers.get("origin", ""), host=host):
        raise HTTPException(HTTPStatus.FORBIDDEN, f"send this from the page {page} itself: the origin is another")
