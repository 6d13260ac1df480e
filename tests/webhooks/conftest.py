"""A receiver with one tenant that has every source, running over an empty log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine

from frontdesk.connectors.descriptor import descriptors, source_names
from frontdesk.connectors.settings import Source
from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.envelope import Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.settings import Delivery, SmsDelivery
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.tenancy.tenant import Tenant
from tests.clocks import SetClock
from tests.domains.staff.conftest import quick_passwords
from tests.webhooks.harness import NOW, RunningReceiver
from tests.webhooks.signing import LOCATION, PUBLIC_URL, TENANT, WIX_INSTANCE, environment
from webhooks.app import create_app

_SETTINGS = {"wix": {"instance_id": WIX_INSTANCE}, "gohighlevel": {"location_id": LOCATION}}


class StartReceiver(Protocol):
    """Starts receivers; each ends with the test."""

    def __call__(
        self,
        *,
        environ: dict[str, str] | None = None,
        source_settings: dict[str, dict[str, str]] | None = None,
        engine: Engine | None = None,
        secrets: Secrets | None = None,
        **settings: Any,
    ) -> RunningReceiver: ...


def make_tenant(slug: str = TENANT, *, source_settings: dict[str, dict[str, str]] | None = None) -> Tenant:
    """A business with every source."""
    return Tenant(
        slug=slug,
        name="Salon",
        industry="hair",
        zone="America/Chicago",
        currency="USD",
        country="US",
        phone_calling_code="1",
        email="hello@salon.example",
        hours={},
        services=[{"key": "cut", "name": "Cut", "price": "40.00", "duration_minutes": 30}],
        pipelines=[{"key": "sales", "name": "Sales", "stages": [{"key": "new", "name": "New"}]}],
        delivery=Delivery(sms=SmsDelivery.model_validate({"provider": "twilio", "from": "+15551230000"})),
        sources=[
            Source(
                name=name,
                secrets=descriptors()[name].load_source().secret_names,
                settings=(_SETTINGS | (source_settings or {})).get(name, {}),
            )
            for name in source_names()
        ],
    )


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables; copying it is quicker than creating them for every test."""
    file = tmp_path_factory.mktemp("empty") / "frontdesk.db"
    engine = open_engine(f"sqlite:///{file}")
    create_tables(engine)
    engine.dispose()
    return file


@pytest.fixture
def engine(tmp_path: Path, empty_database: Path) -> Iterator[Engine]:
    shutil.copy(empty_database, tmp_path)
    engine = open_engine(f"sqlite:///{tmp_path / empty_database.name}")
    yield engine
    engine.dispose()


@pytest.fixture
def directory(engine: Engine, clock: SetClock) -> StaffDirectory:
    """Return what the receiver knows of staff, from beside."""
    return StaffDirectory.open(
        engine, settings=Settings(), clock=clock, ids=UuidV7Factory(clock), passwords=quick_passwords()
    )


@pytest.fixture
def start(engine: Engine, clock: SetClock, tmp_path: Path) -> Iterator[StartReceiver]:
    own_engine = engine
    with ExitStack() as stack:

        def start_receiver(
            *,
            environ: dict[str, str] | None = None,
            source_settings: dict[str, dict[str, str]] | None = None,
            engine: Engine | None = None,
            secrets: Secrets | None = None,
            **settings: Any,
        ) -> RunningReceiver:
            tenants = [make_tenant(source_settings=source_settings), make_tenant("bakery")]
            app = create_app(
                Settings(home=tmp_path, public_url=PUBLIC_URL, **({"allowed_hosts": "desk.example"} | settings)),
                engine=engine or own_engine,
                secrets=secrets or Secrets(environment() if environ is None else environ),
                tenants={tenant.slug: tenant for tenant in tenants},
                clock=clock,
                passwords=quick_passwords(),
            )
            receiver = RunningReceiver(app)
            receiver.start()
            stack.callback(receiver.end)
            return receiver

        yield start_receiver


@pytest.fixture
def receiver(start: StartReceiver) -> RunningReceiver:
    return start()


@pytest.fixture
def log(engine: Engine) -> EventLog:
    return EventLog(engine, ids=UuidV7Factory(SystemClock()))


def only_event(log: EventLog) -> Event:
    """The one event that the log must hold."""
    [event] = log.read_after(0, limit=10)
    return event
