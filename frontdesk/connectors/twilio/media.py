"""Pictures and voice notes of Twilio's messages: kept by Twilio, for who has the account's credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from frontdesk.connectors.media import MediaLink, MediaRequest, media_link
from frontdesk.core.settings import Settings

_HOST: Final = "api.twilio.com"
_MAX_FILES: Final = 10


def read_links(payload: Mapping[str, Any]) -> Iterator[MediaLink]:
    """Yield what came with a message."""
    for number in range(_MAX_FILES):
        yield from media_link(payload.get(f"MediaUrl{number}"), payload.get(f"MediaContentType{number}"))


def make_request(url: str, *, settings: Settings, secret: Callable[[str], str]) -> MediaRequest | None:
    """Return how a file is fetched, None if the address is not Twilio's."""
    base = settings.api_url_twilio
    address = urlsplit(url)
    if address.hostname not in (_HOST, urlsplit(base).hostname):
        return None
    auth = (secret("TWILIO_ACCOUNT_SID"), secret("TWILIO_AUTH_TOKEN"))
    return MediaRequest(f"{base.rstrip('/')}{address.path}", auth)
