"""Fixtures that several folders share."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from dataclasses import fields
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_engine
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from tests.core.backends import Backend, PostgresBackend, SqliteBackend
from tests.core.postgres import temporary_server
from tests.e2e.story import prepare_story, receiver_of, send_story
from tests.pipelines.homes import Home, HomeFactory, alone_in, shared_folder

#: Stands in the list below for every file whose tests ask for a warehouse, wherever it is.
_NEEDS_WAREHOUSE = "(warehouse)"
#: With these started last, one core would be left alone with them: a file of few long tests is not split.
_LONGEST_FIRST = (
    "browser/test_webhook_to_page.py",
    "browser/test_dashboard.py",  # needs no warehouse: the second worker has work while the first one builds it
    _NEEDS_WAREHOUSE,
    "dbt",
    "browser",
    "webhooks/test_openapi.py",
)

#: Fixtures that start real servers.
_STARTS_PROCESSES = frozenset({"running_standins", "postgres_url", "postgres_backend"})

# How long an example takes says nothing on a machine that is busy with other tests.
settings.register_profile("frontdesk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("frontdesk")


# First, so that `-m` knows the mark.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a warehouse or real servers, and put the files first that take longest.

    `--no-loadscope-reorder` keeps pytest-xdist from sorting them again.
    """
    folder = Path(__file__).parent
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "homes" in fixtures:
            item.add_marker("warehouse")
        if fixtures & _STARTS_PROCESSES or "[postgres" in item.name:
            item.add_marker("processes")
    need_warehouse = {item.path for item in items if item.get_closest_marker("warehouse")}

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(folder).as_posix()
        for rank, start in enumerate(_LONGEST_FIRST):
            if path.startswith(start) or (start == _NEEDS_WAREHOUSE and item.path in need_warehouse):
                return rank
        return len(_LONGEST_FIRST)

    items.sort(key=place)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeFactory]:
    """Return what makes homes, which are removed at the end."""
    folder = tmp_path_factory.mktemp("homes")
    yield HomeFactory(folder)
    shutil.rmtree(folder)


@pytest.fixture
def home(homes: HomeFactory) -> Iterator[Home]:
    """Return a home of its own with an empty log, removed after the test."""
    home = homes.new_home()
    yield home
    home.remove()


# The contract suite: every test that takes `backend`, `engine` or `log` runs on both databases.


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with temporary_server() as url:
        yield url


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    return (f"contract_{number}" for number in count(1))


@pytest.fixture
def postgres_backend(postgres_url: str, database_names: Iterator[str]) -> Iterator[Backend]:
    backend = PostgresBackend(postgres_url, database=next(database_names))
    yield backend
    backend.close()


@pytest.fixture
def sqlite_backend(tmp_path: Path) -> Iterator[Backend]:
    backend = SqliteBackend(tmp_path / "frontdesk.db")
    yield backend
    backend.close()


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest) -> Backend:
    backend: Backend = request.getfixturevalue(f"{request.param}_backend")
    return backend


@pytest.fixture
def engine(backend: Backend) -> Engine:
    return backend.open()


@pytest.fixture
def log(engine: Engine) -> EventLog:
    return EventLog(engine, ids=UuidV7Factory(SystemClock()))


@pytest.fixture(scope="session")
def story_events(tmp_path_factory: pytest.TempPathFactory) -> list[NewEvent]:
    """Return the events of a small year in the order of their arrival, as a receiver verified and logged them."""
    folder = shared_folder(tmp_path_factory) / "story"
    file = folder / "events.pickle"
    with alone_in(folder):
        if not file.exists():
            file.write_bytes(pickle.dumps(_tell_story(tmp_path_factory.mktemp("story"))))
    events: list[NewEvent] = pickle.loads(file.read_bytes())  # noqa: S301 - written above
    return events


def _tell_story(home: Path) -> list[NewEvent]:
    demo = prepare_story(home, scale=0.06)
    with receiver_of(demo):
        tally = send_story(demo)
    assert not tally.problems
    log = EventLog(open_engine(f"sqlite:///{home / 'frontdesk.db'}"), ids=UuidV7Factory(SystemClock()))
    names = [field.name for field in fields(NewEvent)]
    return [
        NewEvent(**{name: getattr(event, name) for name in names})
        for batch in log.read_batches(0, batch_size=5_000)
        for event in batch
    ]
