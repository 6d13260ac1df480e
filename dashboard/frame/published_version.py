"""Tells browsers which file is published, without opening it: open pages ask once a second."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

ADDRESS = "/published-version"


def read_version(path: Path) -> str:
    """Return what is another with each file that is published; empty if there is none."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_ino:x}-{status.st_mtime_ns:x}"


def build_version_route(path: Path) -> Route:
    """Return the route that answers with the version of the file at a path."""

    async def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(read_version(path))

    return Route(ADDRESS, answer)
