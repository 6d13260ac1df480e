"""The line between an open page and its server: what the server says can be held back for a while."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, WebSocketRoute


class Line:
    """Carries what page and server say to one another; made before the page is opened."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._heard: list[bytes] = []
        self._kept: deque[str | bytes] | None = None
        self._tell_page: Callable[[str | bytes], None] = lambda _: None
        page.route_web_socket(re.compile("/_stcore/stream"), self._join)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep what the server says until the block ends; the page may go on speaking.

        Then it is told one message after another, each drawn before the next.
        """
        kept = self._kept = deque()
        yield
        while kept:
            self._tell_page(kept.popleft())
            self._page.wait_for_timeout(10)
        self._kept = None

    @contextmanager
    def wait_for(self, word: bytes, *, timeout_seconds: float) -> Iterator[None]:
        """Do what is in the block, then return once the server has said something with this word in it."""
        self._heard.clear()
        yield
        deadline = time.monotonic() + timeout_seconds
        while not any(word in message for message in self._heard):
            assert time.monotonic() < deadline, f"the server did not say {word!r}"
            self._page.wait_for_timeout(20)

    def _join(self, route: WebSocketRoute) -> None:
        self._tell_page = route.send
        route.connect_to_server().on_message(self._hear)

    def _hear(self, message: str | bytes) -> None:
        self._heard.append(message.encode() if isinstance(message, str) else message)
        if self._kept is None:
            self._tell_page(message)
        else:
            self._kept.append(message)
