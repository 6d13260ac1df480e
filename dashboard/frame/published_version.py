"""Tells browsers which file is published, without opening it: open pages ask once a second."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

ADDRESS = "/published-version"

Identity = tuple[int, int, int]


def identify(path: Path) -> Identity:
    """Return what is another with each file that is published. Raises OSError."""
    status = path.stat()
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def read_version(path: Path) -> str:
    """Return a file's identity in a word, as browsers compare it; empty if there is none."""
    try:
        return "-".join(f"{part:x}" for part in identify(path))
    except OSError:
        return ""


def build_version_route(path: Path) -> Route:
    """Return the route that answers with the version of the file at a path."""

    async def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(read_version(path))

    return Route(ADDRESS, answer)
