"""A dispatcher follows new versions of businesses' configurations; what does not depend on one stays as it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.domains.sending.dispatch.dispatcher import Dispatcher, build_dispatcher
from frontdesk.domains.sending.dispatch.lanes import Rate
from frontdesk.domains.sending.outbox.commands import CommandState, Lane, NewCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.files import TenantFiles
from tests.domains.sending.dispatch.sending_fixture import decided_upon_everything, mail, text
from tests.domains.sending.dispatch.standins import TENANTS_DIR, StandIns, wait_until

SAYS = "We've received your repair"
NOIZYLAB, HMNP = Lane("noizylab", "twilio"), Lane("hmnp", "smtp")


@dataclass(frozen=True)
class Place:
    """A folder of files, and the dispatcher that follows what they write."""

    folder: Path
    files: TenantFiles
    outbox: Outbox
    dispatcher: Dispatcher

    def change(self, slug: str, old: str, new: str) -> None:
        """Change a business's file, and put it in force as the pipelines do."""
        file = self.folder / f"{slug}.yaml"
        content = file.read_text(encoding="utf-8")
        assert old in content
        file.write_text(content.replace(old, new), encoding="utf-8")
        self.files.write_changes()

    def put(self, command: NewCommand) -> None:
        self.outbox.enqueue([command])

    def state(self, key: str) -> CommandState:
        known = self.outbox.find(key)
        assert known is not None
        return known.state


@pytest.fixture
def place(standins: StandIns, tmp_path: Path) -> Iterator[Place]:
    folder = Path(shutil.copytree(TENANTS_DIR, tmp_path / "tenants"))
    engine = open_engine(f"sqlite:///{tmp_path / 'frontdesk.db'}")
    create_tables(engine)
    files = TenantFiles.open(engine, folder=folder)
    # Rates would decide how long a test takes.
    noizylab = folder / "noizylab.yaml"
    noizylab.write_text(
        noizylab.read_text(encoding="utf-8").replace(
            "sms: {provider: twilio,", "sms: {provider: twilio, per_second: 99,"
        )
    )
    files.write_changes()
    directory = TenantDirectory.open(engine, folder=folder)
    dispatcher = build_dispatcher(
        standins.settings(home=tmp_path),
        engine=engine,
        tenants=directory,
        followed=directory,
        environ=standins.environ,
        position=decided_upon_everything(),
    )
    yield Place(folder, files, dispatcher._outbox, dispatcher)
    dispatcher.close()
    engine.dispose()


@contextmanager
def running(dispatcher: Dispatcher) -> Iterator[None]:
    """Let it run in a thread of its own until the end of the block."""
    clock = SystemClock()
    ended: list[bool] = []

    def run() -> None:
        while not ended:
            dispatcher.run_until(clock.now() + timedelta(seconds=0.2))

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.append(True)
        thread.join()


def now_text(key: str, **changes: object) -> NewCommand:
    return text(key, due_at=SystemClock().now(), **changes)


def test_new_words_go_out_and_others_stay_as_they_are(place: Place, standins: StandIns) -> None:
    dispatcher = place.dispatcher
    with running(dispatcher):
        place.put(now_text("before"))
        wait_until(lambda: place.state("before") is CommandState.SENT)
        lane, other = dispatcher._lanes[NOIZYLAB], dispatcher._senders.find("hmnp")
        sender = dispatcher._senders.find("noizylab")
        place.change("noizylab", SAYS, "Your repair is here:")
        wait_until(lambda: dispatcher._senders.find("noizylab") is not sender)
        place.put(now_text("after"))
        wait_until(lambda: place.state("after") is CommandState.SENT)
    words = sorted(entry["text"] for entry in standins.entries())
    assert [SAYS in each for each in words] == [True, False]
    assert dispatcher._lanes[NOIZYLAB] is lane
    assert dispatcher._senders.find("hmnp") is other


def test_a_call_under_way_ends_with_the_configuration_that_it_began_with(place: Place, standins: StandIns) -> None:
    standins.behave("twilio", latency_ms=2_500)
    dispatcher = place.dispatcher
    with running(dispatcher):
        place.put(now_text("slow"))
        wait_until(lambda: NOIZYLAB in dispatcher._lanes)
        wait_until(lambda: standins.requests("twilio") or dispatcher._lanes[NOIZYLAB].running)
        sender = dispatcher._senders.find("noizylab")
        place.change("noizylab", SAYS, "Your repair is here:")
        wait_until(lambda: dispatcher._senders.find("noizylab") is not sender)
        wait_until(lambda: place.state("slow") is CommandState.SENT)
    [entry] = standins.entries()
    assert SAYS in entry["text"]


def test_a_breaker_stays_open_and_another_businesss_rate_changes(place: Place, standins: StandIns) -> None:
    dispatcher = place.dispatcher
    standins.behave("smtp", mode="server_error")
    words = {"template": None, "subject": "S", "text": "T"}
    with running(dispatcher):
        for number in range(8):
            due_at = SystemClock().now()
            place.put(mail(f"m{number}", tenant_id="hmnp", provider="smtp", with_payload=words, due_at=due_at))
        place.put(now_text("text"))
        wait_until(lambda: place.state("text") is CommandState.SENT)
        wait_until(lambda: HMNP in dispatcher._lanes and not dispatcher._lanes[HMNP].breaker.is_closed)
        breaker, rate = dispatcher._lanes[HMNP].breaker, dispatcher._lanes[NOIZYLAB].rate
        assert rate is not None
        place.change("noizylab", "per_second: 99", "per_second: 2")
        wait_until(lambda: rate._interval == timedelta(seconds=0.5))
    assert dispatcher._lanes[HMNP].breaker is breaker
    assert not breaker.is_closed


def test_a_business_that_joins_sends_and_one_that_leaves_does_not(place: Place, standins: StandIns) -> None:
    dispatcher = place.dispatcher
    content = (
        (place.folder / "noizylab.yaml").read_text(encoding="utf-8").replace("slug: noizylab", "slug: second-lab")
    )
    with running(dispatcher):
        (place.folder / "second-lab.yaml").write_text(content, encoding="utf-8")
        place.files.write_changes()
        wait_until(lambda: dispatcher._senders.find("second-lab") is not None)
        wait_until(lambda: dispatcher._pool._max_workers == len(dispatcher._senders.lanes()) * 4 + 1)
        place.put(now_text("joined", tenant_id="second-lab"))
        # It has no secrets here: its text waits, and says what is missing.
        wait_until(lambda: "FRONTDESK_SECOND_LAB_TWILIO" in str(place.outbox.find("joined")))

        (place.folder / "noizylab.yaml").unlink()
        place.files.write_changes()
        wait_until(lambda: dispatcher._senders.find("noizylab") is None)
        place.put(now_text("left"))
        wait_until(lambda: place.state("left") is CommandState.DEAD)
    assert standins.entries() == []


def test_what_is_wrong_comes_from_the_log(place: Place) -> None:
    dispatcher = place.dispatcher
    content = (
        (place.folder / "noizylab.yaml").read_text(encoding="utf-8").replace("slug: noizylab", "slug: second-lab")
    )
    with running(dispatcher):
        (place.folder / "second-lab.yaml").write_text(
            content.replace("rules:\n", "rules:\n  - nonsense\n"), encoding="utf-8"
        )
        place.files.write_changes()
        wait_until(lambda: dispatcher._senders.find("second-lab"))
        assert "rules" in dispatcher._senders.fault_of_file("second-lab")


def test_a_rate_that_changes_keeps_who_is_in_line() -> None:
    rate, now = Rate(1), SystemClock().now()
    first, second = rate.line_up(), rate.line_up()
    assert first.take(now) is None
    first.end()
    rate.change(10)
    second.wait()
    assert second.take(now + timedelta(seconds=1)) is None
    assert rate.take(now + timedelta(seconds=1)) == now + timedelta(seconds=1.1)
