"""How far the log has been decided upon: what may be called is what was decided with the newest events known."""

from __future__ import annotations

import threading
from collections.abc import Callable


class DecidedPosition:
    """The newest sequence that every decision in the outbox takes account of. Safe to use from several threads.

    None as long as nobody has said: before the warehouse was opened, what is in the outbox may be an older version's.
    """

    def __init__(self) -> None:
        self._sequence: int | None = None
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def sequence(self) -> int | None:
        """The newest sequence, None before the first."""
        return self._sequence

    def begin_at(self, sequence: int) -> None:
        """Say how far it is after the warehouse was opened: the log may be another one than before."""
        with self._lock:
            self._sequence = sequence
        for listener in self._listeners:
            listener()

    def advance(self, sequence: int) -> None:
        """Say that all up to a sequence is decided upon and in the outbox; a lower one than before says nothing."""
        with self._lock:
            if self._sequence is None or sequence > self._sequence:
                self._sequence = sequence
        for listener in self._listeners:
            listener()

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Call this, from whatever thread, after each advance."""
        self._listeners.append(listener)
