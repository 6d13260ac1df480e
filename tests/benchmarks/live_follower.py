"""The live path as a process of its own: does what Dagster's sensor does, without its gaps."""

from __future__ import annotations

import signal
import sys
import time

from frontdesk.core.settings import load_settings
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from pipelines.live.live_follower import LiveFollower
from pipelines.running_dispatcher import Dispatching

#: As EVALUATION_SECONDS of the sensor.
_EVALUATION_S = 45.0


def main() -> None:
    """Follow until SIGTERM."""
    # As an exception, so that the follower closes the warehouse.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    settings = load_settings()
    position = DecidedPosition()
    follower = LiveFollower(settings, position=position)
    dispatching = Dispatching(settings, position=position)
    while True:
        with dispatching.running_for(_EVALUATION_S):
            follower.follow_until(time.monotonic() + _EVALUATION_S)


if __name__ == "__main__":
    main()
