"""Makes the booking pages: templates, colours, and the headers that keep a page to itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from frontdesk.core.money import format_minor_units, to_minor_units
from webhooks.etags import etag_of, is_known
from webhooks.pages.booking.visit import Visit

_FOLDER = Path(__file__).parent
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_OWN_COLOR = "#1f4e79"
#: WCAG's relative luminance at which black and white letters are read equally well.
_EVEN_LUMINANCE = 0.179


def show(
    visit: Visit,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    request: Request | None = None,
    headers: Mapping[str, str] = _NO_HEADERS,
    **values: Any,
) -> Response:
    """Return a page. `request`: given where the same page can be known again by its ETag."""
    style = _style(visit.page.color)
    body = (
        _environment()
        .get_template(f"{template}.html.jinja")
        .render(visit=visit, business=visit.business, page=visit.page, style=_as_is(style), **values)
    )
    frames = " ".join(visit.page.framed_by) if visit.is_embedded and visit.page.framed_by else "'none'"
    return _answer(
        body.encode(), status=status, headers=_protected(style, frames=frames) | dict(headers), request=request
    )


def problem_page(
    request: Request, *, status: int, title: str, detail: str, headers: Mapping[str, str] = _NO_HEADERS
) -> Response:
    """Return the page of a refusal, in the colours of the business if it is known whose page it is."""
    visit: Visit | None = getattr(request.state, "visit", None)
    sentence = f"{detail[:1].upper()}{detail[1:].rstrip('.')}."
    if visit is not None:
        return show(visit, "problem", status=status, headers=headers, title=title, sentence=sentence)
    style = _style(_OWN_COLOR)
    body = (
        _environment().get_template("stranger.html.jinja").render(style=_as_is(style), title=title, sentence=sentence)
    )
    return _answer(
        body.encode(), status=status, headers=_protected(style, frames="'none'") | dict(headers), request=None
    )


def ink_on(color: str) -> str:
    """Return the colour of letters on a colour: black or white, whichever is read better.

    >>> ink_on("#1f4e79"), ink_on("#ffd54f")
    ('#ffffff', '#000000')
    """
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _EVEN_LUMINANCE else "#ffffff"


def _linear(share: float) -> float:
    return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB's


def _answer(body: bytes, *, status: int, headers: Mapping[str, str], request: Request | None) -> Response:
    if request is None:
        return HTMLResponse(body, status_code=status, headers=dict(headers) | {"Cache-Control": "no-store"})
    etag = etag_of(body)
    known = dict(headers) | {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=known)
    return HTMLResponse(body, status_code=status, headers=known)


def _protected(style: str, *, frames: str) -> dict[str, str]:
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": frames,
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _style(color: str) -> str:
    return f":root{{--brand:{color};--on-brand:{ink_on(color)}}}{_static_style()}"


@cache
def _static_style() -> str:
    lines = (_FOLDER / "style.css").read_text("utf-8").splitlines()
    return "".join(line.strip() for line in lines if not line.strip().startswith("/*"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = format_minor_units
    environment.filters["price"] = _price_words
    environment.filters["city"] = _city
    return environment


def _price_words(price: Decimal, currency: str) -> str:
    return format_minor_units(to_minor_units(price, currency), currency)


def _city(zone_name: str) -> str:
    return zone_name.rpartition("/")[2].replace("_", " ")


def _as_is(style: str) -> Markup:
    return Markup(style)  # noqa: S704 - our own file, and a colour of six hexadecimal digits
