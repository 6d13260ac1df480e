"""The receiver follows new versions of businesses' configurations while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.database import open_engine
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.files import TenantFiles
from tests.clocks import SetClock
from tests.webhooks.following_receiver import following_receiver
from tests.webhooks.harness import Answer, Post, RunningReceiver
from tests.webhooks.server import TENANT_FILE, wait_for
from tests.webhooks.signing import PUBLIC_URL, STRIPE_SECRET, TENANT, environment, stripe_post

BAKERY_KEY = "owner-key-of-the-bakery-0001"
ENVIRON = environment() | {
    "FRONTDESK_BAKERY_STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
    "FRONTDESK_BAKERY_OWNER_API_KEY": BAKERY_KEY,
}
_numbers = count()


class Place:
    """A folder of files, and the receiver that follows what they write."""

    def __init__(self, folder: Path, *, engine: Engine, clock: SetClock) -> None:
        self.folder = folder / "tenants"
        self.folder.mkdir()
        self.settings = Settings(
            home=folder, tenants_dir=self.folder, public_url=PUBLIC_URL, webhook_rate_limit_per_minute=100_000
        )
        self.engine = engine
        self.clock = clock
        self.files = TenantFiles.open(engine, folder=self.folder, clock=clock)
        self.write("salon")

    def write(self, slug: str, *changes: tuple[str, str]) -> None:
        """Write a business's file; not yet the log."""
        text = TENANT_FILE.replace(f"slug: {TENANT}", f"slug: {slug}")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.folder / f"{slug}.yaml").write_text(text, encoding="utf-8")

    def put_in_force(self) -> None:
        """Write the files' changes into the log, as the pipelines do."""
        self.files.write_changes()

    def running(self) -> AbstractContextManager[RunningReceiver]:
        return following_receiver(self.engine, self.settings, secrets=Secrets(ENVIRON), clock=self.clock)


@pytest.fixture
def place(tmp_path: Path, engine: Engine, clock: SetClock) -> Place:
    return Place(tmp_path, engine=engine, clock=clock)


def delivery(slug: str = "salon") -> Post:
    """A new delivery, signed."""
    return stripe_post({"id": f"evt_{next(_numbers)}", "type": "invoice.paid"}).changed(
        path=f"/webhooks/{slug}/stripe"
    )


def outcome(receiver: RunningReceiver, slug: str = "salon") -> str:
    return receiver.send(delivery(slug)).outcome


def is_named(receiver: RunningReceiver, name: str) -> bool:
    """Tell whether the bakery has the name by now."""
    return bool(receiver.app.state.runtime.tenants["bakery"].name == name)


@contextmanager
def delivering(receiver: RunningReceiver, slug: str) -> Iterator[list[Answer]]:
    """Deliver to a business without a pause, and collect the answers."""
    answers: list[Answer] = []
    ended = threading.Event()

    def deliver() -> None:
        while not ended.is_set():
            answers.append(receiver.send(delivery(slug)))

    thread = threading.Thread(target=deliver)
    thread.start()
    try:
        yield answers
    finally:
        ended.set()
        thread.join()


def test_a_new_business_is_served_and_its_owners_key_known(place: Place) -> None:
    with place.running() as receiver:
        assert outcome(receiver) == "accepted"
        assert outcome(receiver, "bakery") == "unknown_tenant"
        asked = Post("/v1/holds", method="GET", headers={"authorization": f"Bearer {BAKERY_KEY}"})
        assert receiver.send(asked).status == 401
        place.write("bakery")
        place.put_in_force()
        wait_for(lambda: outcome(receiver, "bakery") == "accepted")
        assert receiver.send(asked).status == 200


def test_a_source_that_is_removed_is_refused_and_back_again(place: Place) -> None:
    source = "  - name: stripe\n    secrets: [STRIPE_WEBHOOK_SECRET]\n"
    with place.running() as receiver:
        assert outcome(receiver) == "accepted"
        place.write("salon", (source, ""))
        place.put_in_force()
        wait_for(lambda: outcome(receiver) == "not_configured")
        place.write("salon")
        place.put_in_force()
        wait_for(lambda: outcome(receiver) == "accepted")


def test_a_source_with_a_wrong_setting_is_asked_to_wait(place: Place) -> None:
    secret = "secrets: [STRIPE_WEBHOOK_SECRET]\n"
    with place.running() as receiver:
        place.write("salon", (secret, f"{secret}    settings: {{livemode: perhaps}}\n"))
        place.put_in_force()
        wait_for(lambda: outcome(receiver) == "set_aside")
        assert receiver.send(delivery()).status == 503


def test_a_business_that_leaves_is_unknown(place: Place) -> None:
    place.write("bakery")
    with place.running() as receiver:
        assert outcome(receiver, "bakery") == "accepted"
        (place.folder / "bakery.yaml").unlink()
        place.put_in_force()
        wait_for(lambda: outcome(receiver, "bakery") == "unknown_tenant")
        assert receiver.send(delivery("bakery")).status == 404
        asked = Post("/v1/holds", method="GET", headers={"authorization": f"Bearer {BAKERY_KEY}"})
        assert receiver.send(asked).status == 401


def test_others_are_never_interrupted(place: Place) -> None:
    place.write("bakery")
    with place.running() as receiver, delivering(receiver, "salon") as answers:
        for name in ("One", "Two", "Three"):
            place.write("bakery", ("name: Salon", f"name: {name}"))
            place.put_in_force()
            wait_for(partial(is_named, receiver, name))
        (place.folder / "bakery.yaml").unlink()
        place.put_in_force()
        wait_for(lambda: outcome(receiver, "bakery") == "unknown_tenant")
    assert len(answers) > 20
    assert {answer.outcome for answer in answers} == {"accepted"}


def test_what_a_business_was_counted_counts_on(place: Place) -> None:
    with place.running() as receiver:
        assert outcome(receiver) == "accepted"
        intakes = receiver.app.state.runtime.intakes
        before = intakes["/webhooks/salon/stripe"]
        place.write("salon", ("name: Salon", "name: The Salon"))
        place.put_in_force()
        wait_for(lambda: intakes["/webhooks/salon/stripe"] is not before)
        assert outcome(receiver) == "accepted"
        assert intakes["/webhooks/salon/stripe"].tally.outcomes() == {"accepted": 2}


def test_a_new_business_whose_file_can_not_be_read_is_asked_to_wait(place: Place) -> None:
    with place.running() as receiver:
        place.write("bakery", ("zone: America/Chicago", "zone: Chicago"))
        place.put_in_force()
        wait_for(lambda: outcome(receiver, "bakery") == "set_aside")


def test_files_are_written_at_start_and_serve_while_the_database_is_away(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "away.db"
    file.mkdir()
    place.engine = open_engine(f"sqlite:///{file}")
    with place.running() as receiver:
        assert receiver.send(delivery()).status == 503, "it is known, and the log is away"
        assert outcome(receiver, "bakery") == "unknown_tenant"
        file.rmdir()
        wait_for(lambda: outcome(receiver) == "accepted")
        wait_for(lambda: receiver.app.state.runtime.tenants.sequence > 0)
        directory = TenantDirectory.open(place.engine, folder=tmp_path / "nowhere")
        assert directory.versions["salon"].written_by == "the file salon.yaml"


def test_a_database_that_goes_away_is_told_once(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.running() as receiver:
        looks: list[int] = []
        following = receiver.app.state.runtime.following
        file = place.settings.home / "frontdesk.db"
        kept = file.rename(file.with_name("kept.db"))
        place.engine.dispose()
        file.mkdir()
        look = following._look

        def counted_look() -> object:
            looks.append(1)
            return look()

        monkeypatch.setattr(following, "_look", counted_look)
        wait_for(lambda: len(looks) > 3)
        assert [record.message for record in caplog.records].count("event log unavailable") == 1
        file.rmdir()
        kept.rename(file)
        place.write("salon", ("name: Salon", "name: The Salon"))
        place.put_in_force()
        wait_for(lambda: receiver.app.state.runtime.tenants["salon"].name == "The Salon")
