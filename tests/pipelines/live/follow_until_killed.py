"""Follows one home's log until it is killed: the process that tests kill in the middle of a batch or of a publish."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from threading import Timer
from typing import Any

from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.tenancy.tenant import load_tenants
from pipelines.live import modeller as modeller_module
from pipelines.live.open_warehouse import OpenWarehouse
from pipelines.publish.publisher import Publisher
from tests.clocks import SetClock
from tests.pipelines.homes import NOW, Home
from tests.pipelines.kept import REPOSITORY


class Work(StrEnum):
    """What it is killed in, some milliseconds after its beginning."""

    MODELLING = "modelling"
    PUBLISHING = "publishing"


_PLACES = {Work.MODELLING: (OpenWarehouse, "run"), Work.PUBLISHING: (Publisher, "publish_changes")}


def main(folder: str, target_dir: str, batch_size: str, work: str = "", after_ms: str = "0") -> None:
    """Follow forever, in batches of the given size; say so once the warehouse is open.

    work: when it begins this for the first time, it has `after_ms` to live; "": until somebody kills it.
    """
    modeller_module.LIVE_BATCH_SIZE = int(batch_size)
    if work:
        _die_in(Work(work), after_seconds=float(after_ms) / 1_000)
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


def _die_in(work: Work, *, after_seconds: float) -> None:
    owner, name = _PLACES[work]
    do: Callable[..., Any] = getattr(owner, name)

    @wraps(do)
    def do_and_die(*args: Any, **named: Any) -> Any:
        Timer(after_seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return do(*args, **named)

    setattr(owner, name, do_and_die)


if __name__ == "__main__":
    main(*sys.argv[1:])
