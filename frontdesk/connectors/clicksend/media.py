"""Pictures of ClickSend's messages: anybody may open them who knows the address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from frontdesk.connectors.media import MediaLink, media_link


def read_links(payload: Mapping[str, Any]) -> Iterator[MediaLink]:
    """Yield what came with a message."""
    yield from media_link(payload.get("media_url") or payload.get("media_file"))
