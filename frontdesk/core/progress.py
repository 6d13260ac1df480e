"""How long-running work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

#: Called with how much is done, and of how much.
ProgressCallback = Callable[[int, int], None]
