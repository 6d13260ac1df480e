"""Files that came with a message: the links to them, and how one is fetched that only the business's account may."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from frontdesk.core.settings import Settings


@dataclass(frozen=True, slots=True)
class MediaLink:
    """Where a provider keeps what came with a message."""

    url: str
    media_type: str | None


class MediaRequest(NamedTuple):
    """What is asked of a provider for a file."""

    url: str
    auth: tuple[str, str]  #: user name and password


class ReadMediaLinks(Protocol):
    """Reads the links from a provider's message."""

    def __call__(self, payload: Mapping[str, Any]) -> Iterator[MediaLink]:
        """Yield what came with the message, in its order."""


class MakeMediaRequest(Protocol):
    """Says how a file is fetched with the business's account."""

    def __call__(self, url: str, *, settings: Settings, secret: Callable[[str], str]) -> MediaRequest | None:
        """Return the request, None if the address is not the provider's: the credentials go nowhere else.

        secret: returns a secret by its name.
        """


def media_link(url: object, media_type: object = None) -> Iterator[MediaLink]:
    """Yield the link if a browser may open it."""
    if isinstance(url, str) and urlsplit(url).scheme in ("http", "https"):
        yield MediaLink(url, media_type if isinstance(media_type, str) else None)


def read_attachments(payload: Mapping[str, Any]) -> Iterator[MediaLink]:
    """Yield the links of `attachments`, as facts of ours and most providers have them: addresses, or objects."""
    given = payload.get("attachments")
    for each in given if isinstance(given, list) else []:
        if isinstance(each, dict):
            yield from media_link(each.get("url"), each.get("media_type"))
        else:
            yield from media_link(each)
