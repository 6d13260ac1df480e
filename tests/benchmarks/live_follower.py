"""The live path as a process of its own: calls the follower as Dagster's sensor does, without the daemon's gaps."""

from __future__ import annotations

import signal
import sys
import time

from core.settings import load_settings
from pipelines.lib.live_follower import LiveFollower

#: As EVALUATION_SECONDS of the sensor.
_EVALUATION_S = 45.0


def main() -> None:
    """Follow until SIGTERM."""
    # As an exception, so that the follower closes the warehouse.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    follower = LiveFollower(load_settings())
    while True:
        follower.follow_until(time.monotonic() + _EVALUATION_S)


if __name__ == "__main__":
    main()
