"""Follows one home's log until it is killed: the process that tests kill in the middle of a batch."""

from __future__ import annotations

import sys
from pathlib import Path

from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.tenancy.tenant import load_tenants
from pipelines.live import modeller as modeller_module
from tests.clocks import SetClock
from tests.pipelines.homes import NOW, Home
from tests.pipelines.kept import REPOSITORY


def main(folder: str, target_dir: str, batch_size: str) -> None:
    """Follow forever, in batches of the given size; say so once the warehouse is open."""
    modeller_module.LIVE_BATCH_SIZE = int(batch_size)
    home = Home(
        folder=Path(folder),
        target_dir=Path(target_dir),
        tenants=load_tenants(REPOSITORY / "tenants"),
        clock=SetClock(NOW),
        ids=UuidV7Factory(SetClock(NOW)),
    )
    with home.modeller().opened() as modeller:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        while True:
            if modeller.follow_once() is None:
                modeller.wait_for_events(timeout=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
