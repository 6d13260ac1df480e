"""A receiver that follows its log, as `frontdesk serve` makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.tenancy.directory import TenantDirectory
from tests.clocks import SetClock
from tests.domains.staff.conftest import quick_passwords
from tests.webhooks.harness import RunningReceiver
from webhooks.app import create_app


@contextmanager
def following_receiver(
    engine: Engine, settings: Settings, *, secrets: Secrets, clock: SetClock
) -> Iterator[RunningReceiver]:
    """Run it for a block."""
    directory = TenantDirectory.open(engine, folder=settings.tenants_dir, clock=clock)
    app = create_app(
        settings,
        engine=engine,
        secrets=secrets,
        tenants=directory,
        directory=directory,
        clock=clock,
        passwords=quick_passwords(),
    )
    receiver = RunningReceiver(app)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.end()
