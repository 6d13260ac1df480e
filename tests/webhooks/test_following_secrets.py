"""The receiver follows stored secrets while it runs; one that can't be read loses no delivery."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.database import open_engine
from frontdesk.core.secret_store.stored_secrets import open_secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.tenancy.files import TenantFiles
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.core.secret_store.stores import OTHER_KEY, WITH_KEY, Store
from tests.webhooks.following_receiver import following_receiver
from tests.webhooks.harness import Post, RunningReceiver
from tests.webhooks.intake.test_stored_secrets import everything
from tests.webhooks.server import TENANT_FILE, wait_for
from tests.webhooks.signing import PUBLIC_URL, TENANT, ed25519_key, gohighlevel_post, public_text, stripe_post

FIRST, SECOND = "whsec_first_of_the_salon", "whsec_second_of_the_salon"
STRIPE = (TENANT, "STRIPE_WEBHOOK_SECRET")
_numbers = count()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tenants"
    folder.mkdir()
    (folder / f"{TENANT}.yaml").write_text(TENANT_FILE, encoding="utf-8")
    return folder


def running(
    engine: Engine, folder: Path, *, clock: SetClock, environ: Mapping[str, str] = WITH_KEY
) -> AbstractContextManager[RunningReceiver]:
    settings = Settings(home=folder.parent, tenants_dir=folder, public_url=PUBLIC_URL)
    return following_receiver(engine, settings, secrets=open_secrets(engine, environ=environ), clock=clock)


def outcome(receiver: RunningReceiver, secret: str) -> str:
    """What becomes of a new delivery that is signed with a secret."""
    return receiver.send(stripe_post({"id": f"evt_{next(_numbers)}", "type": "invoice.paid"}, secret=secret)).outcome


def test_a_secret_lets_deliveries_in_while_it_is_stored(backend: Backend, folder: Path, clock: SetClock) -> None:
    engine = backend.open()
    store = Store(engine)
    with running(engine, folder, clock=clock) as receiver:
        assert outcome(receiver, FIRST) == "not_configured"
        store.set(*STRIPE, FIRST)
        wait_for(lambda: outcome(receiver, FIRST) == "accepted")
        assert outcome(receiver, SECOND) == "signature_invalid"
        store.set(*STRIPE, SECOND, keeps_older=True)
        wait_for(lambda: outcome(receiver, SECOND) == "accepted")
        assert outcome(receiver, FIRST) == "accepted", "while it is rotated both count"
        store.keeper.remove(*STRIPE, is_newest_kept=True)
        wait_for(lambda: outcome(receiver, FIRST) == "signature_invalid")
        assert outcome(receiver, SECOND) == "accepted"
        store.keeper.remove(*STRIPE)
        wait_for(lambda: outcome(receiver, SECOND) == "not_configured")


def test_both_places_count_and_nothing_of_either_is_logged_or_stored(
    engine: Engine, folder: Path, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    environ = WITH_KEY | {"FRONTDESK_SALON_STRIPE_WEBHOOK_SECRET": FIRST}
    with running(engine, folder, clock=clock, environ=environ) as receiver:
        assert outcome(receiver, FIRST) == "accepted"
        Store(engine).set(*STRIPE, SECOND)
        wait_for(lambda: outcome(receiver, SECOND) == "accepted")
        assert outcome(receiver, FIRST) == "accepted"
        # A secret that comes with a delivery is masked, wherever it is kept.
        body = {"id": f"evt_{next(_numbers)}", "type": "invoice.paid", "note": SECOND}
        assert receiver.send(stripe_post(body, secret=SECOND)).outcome == "accepted"
    for secret in (FIRST, SECOND, WITH_KEY["FRONTDESK_MASTER_KEY"]):
        assert secret not in everything(engine)
        assert secret not in caplog.text


def test_what_can_not_be_read_is_asked_for_again_and_stops_nobody_else(
    engine: Engine, folder: Path, clock: SetClock
) -> None:
    store = Store(engine)
    environ = {"FRONTDESK_SALON_GOHIGHLEVEL_ED25519_PUBLIC_KEY": public_text(ed25519_key())}
    with running(engine, folder, clock=clock, environ=environ) as receiver:
        assert outcome(receiver, FIRST) == "not_configured"
        store.set(*STRIPE, FIRST)
        wait_for(lambda: outcome(receiver, FIRST) == "set_aside")
        answer = receiver.send(stripe_post({"id": "evt_lost", "type": "invoice.paid"}, secret=FIRST))
        assert (answer.status, "retry-after" in answer.headers) == (503, True)
        assert receiver.send(gohighlevel_post({"type": "ContactCreate", "id": "c1"})).outcome == "accepted"
        asked = receiver.send(Post("/readyz", method="GET")).json()
        assert asked["components"]["secrets"]["status"] == "degraded"
    with running(engine, folder, clock=clock) as receiver:
        assert outcome(receiver, FIRST) == "accepted"


def test_a_changed_master_key_interrupts_nobody(engine: Engine, folder: Path, clock: SetClock) -> None:
    store = Store(engine)
    store.set(*STRIPE, FIRST)
    store.set("bakery", "OWNER_API_KEY", "fd_of_the_bakery")
    with running(engine, folder, clock=clock) as receiver:
        assert outcome(receiver, FIRST) == "accepted"
        store.change_key()
        store.keeper.remove("bakery")
        secrets = receiver.app.state.runtime.secrets
        wait_for(lambda: secrets.values("bakery", "OWNER_API_KEY") == ())
        assert outcome(receiver, FIRST) == "accepted"
        assert secrets.unreadable() == {}
    with running(engine, folder, clock=clock, environ={"FRONTDESK_MASTER_KEY": OTHER_KEY}) as receiver:
        assert outcome(receiver, FIRST) == "accepted"


def test_an_owners_key_is_followed(engine: Engine, folder: Path, clock: SetClock) -> None:
    key = "a-stored-key-of-the-salon-0001"
    asked = Post("/v1/holds", method="GET", headers={"authorization": f"Bearer {key}"})
    store = Store(engine)
    with running(engine, folder, clock=clock) as receiver:
        assert receiver.send(asked).status == 401
        store.set(TENANT, "OWNER_API_KEY", key)
        wait_for(lambda: receiver.send(asked).status == 200)
        store.keeper.remove(TENANT, "OWNER_API_KEY")
        wait_for(lambda: receiver.send(asked).status == 401)


def test_while_the_database_is_away_a_stored_secret_is_not_taken_for_unset(
    tmp_path: Path, folder: Path, clock: SetClock
) -> None:
    kept, file = tmp_path / "kept.db", tmp_path / "frontdesk.db"
    engine = open_engine(f"sqlite:///{file}")
    with running(engine, folder, clock=clock):
        Store(engine).set(*STRIPE, FIRST)
        TenantFiles.open(engine, folder=folder, clock=clock).write_changes()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    file.rename(kept)
    file.mkdir()
    with running(open_engine(f"sqlite:///{file}"), folder, clock=clock) as receiver:
        assert outcome(receiver, FIRST) == "set_aside", "it is sent again"
        file.rmdir()
        kept.rename(file)
        wait_for(lambda: outcome(receiver, FIRST) == "accepted")
