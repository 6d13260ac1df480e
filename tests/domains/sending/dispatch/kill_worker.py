"""A process that dispatches until it is killed at a named step: started once, it forks a child for each round.

Reads one JSON object a line (step, offset_s, database, settings, environ); answers with how the child ended.
Forking after the imports makes a round take milliseconds; nothing has started a thread before it forks.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_engine
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.dispatch.dispatcher import build_dispatcher
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.tenancy.tenant import Tenant, load_tenants
from tests.clocks import OffsetClock

STEPS = ("before claim", "after claim", "after begin_call", "after the call", "after the record")


class KillingOutbox(Outbox):
    """An outbox whose process dies at one step."""

    step = ""

    def claim(self, **options: Any) -> Any:
        self._die_at("before claim")
        claimed = super().claim(**options)
        if claimed:
            self._die_at("after claim")
        return claimed

    def begin_call(self, command_key: str, **options: Any) -> bool:
        has_begun = super().begin_call(command_key, **options)
        self._die_at("after begin_call")
        return has_begun

    def complete(self, command_key: str, **options: Any) -> bool:
        self._die_at("after the call")
        return super().complete(command_key, **options)

    def _die_at(self, step: str) -> None:
        if self.step == step:
            os.kill(os.getpid(), signal.SIGKILL)


def dispatch(round_: dict[str, Any], tenants: dict[str, Tenant]) -> None:
    """Send what is due, and die at the round's step."""
    clock = OffsetClock(round_["offset_s"])
    engine = open_engine(round_["database"])
    outbox = KillingOutbox(engine, clock=clock, ids=UuidV7Factory(clock))
    outbox.step = round_["step"]
    position = DecidedPosition()
    position.advance(sys.maxsize)
    dispatcher = build_dispatcher(
        Settings(**round_["settings"]),
        engine=engine,
        tenants=tenants,
        environ=round_["environ"],
        position=position,
        clock=clock,
        outbox=outbox,
    )
    dispatcher.dispatch_due()
    outbox._die_at("after the record")
    dispatcher.close()


def main() -> None:
    """Run rounds until the input ends."""
    tenants: dict[str, Tenant] = {}
    for line in sys.stdin:
        round_ = json.loads(line)
        tenants = tenants or load_tenants(Path(round_["settings"]["tenants_dir"]))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                dispatch(round_, tenants)
                status = 0
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        sys.stdout.write(json.dumps(os.waitstatus_to_exitcode(ended)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
