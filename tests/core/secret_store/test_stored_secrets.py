"""Stored secrets count beside those of the environment, are followed, and are never in the database as they are."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text, update

from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.secret_store.rows import read_values
from frontdesk.core.secret_store.schema import stored_secrets
from frontdesk.core.secret_store.stored_secrets import open_secrets
from frontdesk.core.secrets import Secrets
from frontdesk.domains.staff.audit import AuditTrail
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.core.factories import NOON
from tests.core.secret_store.stores import KEY, OTHER_KEY, WITH_KEY, WITH_OTHER_KEY, Store, value_of
from tests.webhooks.intake.test_stored_secrets import everything

STRIPE = ("salon", "STRIPE_WEBHOOK_SECRET")
VARIABLE = "FRONTDESK_SALON_STRIPE_WEBHOOK_SECRET"


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)


@pytest.fixture
def secrets(engine: Engine) -> Secrets:
    return open_secrets(engine, environ=WITH_KEY)


def test_a_stored_secret_counts_and_nobody_elses_does(store: Store, secrets: Secrets) -> None:
    assert secrets.values(*STRIPE) == ()
    store.set(*STRIPE, "whsec_1")
    assert secrets.values(*STRIPE) == (), "not before it is looked for"
    assert secrets.refresh() == {"salon"}
    assert secrets.values(*STRIPE) == ("whsec_1",)
    assert secrets.values("bakery", "STRIPE_WEBHOOK_SECRET") == ()
    assert secrets.values("salon", "STRIPE_API_KEY") == ()
    assert secrets.refresh() == frozenset(), "nothing changed since"


def test_values_may_hold_what_a_variable_may_not(store: Store, secrets: Secrets) -> None:
    store.set("salon", "SMTP_PASSWORD", "a,b \\n 🔑")
    assert value_of(secrets, "salon", "SMTP_PASSWORD") == ("a,b \\n 🔑",)


def test_a_new_value_takes_the_place_of_the_old_or_comes_before_it(store: Store, secrets: Secrets) -> None:
    store.set(*STRIPE, "whsec_1")
    store.set(*STRIPE, "whsec_2", keeps_older=True)
    store.set(*STRIPE, "whsec_3", keeps_older=True)
    assert value_of(secrets, *STRIPE) == ("whsec_3", "whsec_2", "whsec_1")
    assert store.keeper.remove(*STRIPE, is_newest_kept=True) == ["STRIPE_WEBHOOK_SECRET"] * 2
    assert value_of(secrets, *STRIPE) == ("whsec_3",)
    store.set(*STRIPE, "whsec_4")
    assert value_of(secrets, *STRIPE) == ("whsec_4",)


def test_the_environment_comes_first_and_no_value_comes_twice(engine: Engine, store: Store) -> None:
    store.set(*STRIPE, "whsec_stored")
    store.set(*STRIPE, "whsec_both", keeps_older=True)
    secrets = open_secrets(engine, environ=WITH_KEY | {VARIABLE: "whsec_environment, whsec_both"})
    assert secrets.values(*STRIPE) == ("whsec_environment", "whsec_both", "whsec_stored")


def test_what_is_removed_counts_no_more(store: Store, secrets: Secrets) -> None:
    store.set(*STRIPE, "whsec_1")
    store.set("salon", "OWNER_API_KEY", "fd_1")
    store.set("bakery", "OWNER_API_KEY", "fd_2")
    secrets.refresh()
    assert store.keeper.remove("salon", "NOTHING") == []
    assert store.keeper.remove("salon") == ["OWNER_API_KEY", "STRIPE_WEBHOOK_SECRET"]
    assert secrets.refresh() == {"salon"}
    assert secrets.values(*STRIPE) == ()
    assert secrets.values("bakery", "OWNER_API_KEY") == ("fd_2",)


def test_the_database_holds_no_value_and_the_trail_who_set_which(store: Store, engine: Engine) -> None:
    store.set(*STRIPE, "whsec_hidden")
    store.set(*STRIPE, "whsec_hidden_too", keeps_older=True)
    store.keeper.remove(*STRIPE)
    store.set(*STRIPE, "whsec_hidden")
    store.change_key()

    if engine.dialect.name == "sqlite":
        assert "whsec" not in everything(engine)
    with engine.connect() as connection:
        assert all(b"whsec" not in each.sealed.ciphertext for each in read_values(connection))
    entries = AuditTrail(engine, clock=SetClock(NOON)).read()
    assert [(each.action, each.tenant_id, each.subject, each.who) for each in reversed(entries)] == [
        ("secret.set", "salon", "STRIPE_WEBHOOK_SECRET", "a test"),
        ("secret.set", "salon", "STRIPE_WEBHOOK_SECRET", "a test"),
        ("secret.removed", "salon", "STRIPE_WEBHOOK_SECRET", "a test"),
        ("secret.set", "salon", "STRIPE_WEBHOOK_SECRET", "a test"),
        ("secret.key_changed", None, "1 value", "a test"),
    ]


@pytest.mark.parametrize("environ", [{}, WITH_OTHER_KEY, {"FRONTDESK_MASTER_KEY": "malformed"}])
def test_what_can_not_be_read_is_not_taken_for_unset(
    engine: Engine, store: Store, caplog: pytest.LogCaptureFixture, environ: dict[str, str]
) -> None:
    store.set(*STRIPE, "whsec_hidden")
    caplog.set_level(logging.DEBUG)
    secrets = open_secrets(engine, environ=environ | {VARIABLE: "whsec_environment"})

    with pytest.raises(ConfigurationError, match=r"STRIPE_WEBHOOK_SECRET of salon can't be read: .*MASTER_KEY"):
        secrets.values(*STRIPE)
    assert secrets.unreadable().keys() == {STRIPE}
    assert secrets.values("bakery", "STRIPE_WEBHOOK_SECRET") == (), "others are not concerned"
    [line] = [record for record in caplog.records if record.message == "a stored secret can't be read"]
    assert "hidden" not in str(vars(line))
    assert open_secrets(engine, environ=WITH_KEY).values(*STRIPE) == ("whsec_hidden",), "nothing is lost"


def test_a_row_that_is_moved_or_damaged_opens_nothing(engine: Engine, store: Store) -> None:
    store.set(*STRIPE, "whsec_1")
    with engine.begin() as connection:
        connection.execute(update(stored_secrets).values(tenant_id="bakery"))
    secrets = open_secrets(engine, environ=WITH_KEY)

    with pytest.raises(ConfigurationError, match="its row is damaged, or another secret's"):
        secrets.values("bakery", "STRIPE_WEBHOOK_SECRET")


def test_all_are_stored_under_one_key(engine: Engine, store: Store) -> None:
    with pytest.raises(ConfigurationError, match="FRONTDESK_MASTER_KEY is not set"):
        store.set(*STRIPE, "whsec_1", environ={})
    store.set(*STRIPE, "whsec_1")
    for environ in ({}, WITH_OTHER_KEY):
        with pytest.raises(ConfigurationError, match="is not the key that secrets are stored under"):
            store.set("bakery", "OWNER_API_KEY", "fd_1", environ=environ)
    assert open_secrets(engine, environ=WITH_KEY).values(*STRIPE) == ("whsec_1",)


def test_a_changed_key_opens_everything_and_who_runs_goes_on(engine: Engine, store: Store, secrets: Secrets) -> None:
    store.set(*STRIPE, "whsec_1")
    store.set(*STRIPE, "whsec_2", keeps_older=True)
    store.set("bakery", "OWNER_API_KEY", "fd_1")
    secrets.refresh()

    assert store.change_key() == 3

    assert open_secrets(engine, environ=WITH_OTHER_KEY).values(*STRIPE) == ("whsec_2", "whsec_1")
    assert open_secrets(engine, environ=WITH_KEY).unreadable().keys() == {STRIPE, ("bakery", "OWNER_API_KEY")}
    both = WITH_KEY | {"FRONTDESK_NEW_MASTER_KEY": OTHER_KEY}
    assert open_secrets(engine, environ=both).values(*STRIPE) == ("whsec_2", "whsec_1")
    # Started under the old key it has read them: the values are the same, and it goes on.
    assert value_of(secrets, *STRIPE) == ("whsec_2", "whsec_1")
    assert secrets.unreadable() == {}
    # A value that was set since under the new key it has never read.
    store.set(*STRIPE, "whsec_3", environ=both)
    secrets.refresh()
    assert secrets.unreadable().keys() == {STRIPE}
    assert store.change_key() == 0, "all are under the new one"


def test_a_change_of_the_key_that_can_not_be_whole_changes_nothing(engine: Engine, store: Store) -> None:
    store.set(*STRIPE, "whsec_1")
    store.set("bakery", "OWNER_API_KEY", "fd_1")
    with engine.begin() as connection:
        is_salons = stored_secrets.c.tenant_id == "salon"
        connection.execute(update(stored_secrets).where(is_salons).values(ciphertext=b"damaged"))

    with pytest.raises(ConfigurationError, match=r"salon, STRIPE_WEBHOOK_SECRET: .*; nothing was changed"):
        store.change_key()
    with pytest.raises(ConfigurationError, match=r"bakery, OWNER_API_KEY: it is stored under another master key"):
        store.change_key(old=OTHER_KEY, new="aa" * 32)

    assert open_secrets(engine, environ=WITH_KEY).values("bakery", "OWNER_API_KEY") == ("fd_1",)


def test_a_database_that_is_away_is_not_taken_for_an_empty_store(postgres_backend: Backend) -> None:
    engine = postgres_backend.open()
    Store(engine).set(*STRIPE, "whsec_1")
    with postgres_backend.unavailable(engine):
        secrets = open_secrets(engine, environ=WITH_KEY | {VARIABLE: "whsec_environment"})
        with pytest.raises(ConfigurationError, match="can't be read until the database can be"):
            secrets.values(*STRIPE)
        with pytest.raises(EventLogUnavailableError):
            secrets.refresh()
    assert secrets.refresh() == {"salon"}
    assert secrets.values(*STRIPE) == ("whsec_environment", "whsec_1")


def test_who_asked_in_vain_is_told_once_it_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "frontdesk.db"
    file.mkdir()
    engine = open_engine(f"sqlite:///{file}")
    secrets = open_secrets(engine, environ=WITH_KEY)
    with pytest.raises(ConfigurationError):
        secrets.values("bakery", "STRIPE_WEBHOOK_SECRET")
    file.rmdir()
    assert secrets.refresh() == {"bakery"}, "of what is not there nothing is stored"
    assert secrets.values("bakery", "STRIPE_WEBHOOK_SECRET") == ()
    create_tables(engine)
    Store(engine).set(*STRIPE, "whsec_1")
    assert value_of(secrets, *STRIPE) == ("whsec_1",)
    engine.dispose()


def test_an_older_copy_of_the_database_is_read_as_it_is(store: Store, secrets: Secrets, engine: Engine) -> None:
    for number in range(3):
        store.set("bakery", "OWNER_API_KEY", f"fd_{number}")
    store.set(*STRIPE, "whsec_1")
    secrets.refresh()
    with engine.begin() as connection:
        connection.execute(text("delete from stored_secrets where tenant_id = 'salon'"))
        connection.execute(text("delete from stored_secret_revisions where tenant_id = 'salon'"))
    assert secrets.refresh() == {"bakery", "salon"}
    assert secrets.values(*STRIPE) == ()
    assert secrets.values("bakery", "OWNER_API_KEY") == ("fd_2",)


def test_a_look_where_nothing_changed_is_one_query(store: Store, secrets: Secrets, engine: Engine) -> None:
    store.set(*STRIPE, "whsec_1")
    secrets.refresh()
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *values: statements.append(values[2]))
    for _ in range(3):
        secrets.refresh()
    asked = [each for each in statements if each != "BEGIN"]
    assert len(asked) == 3
    assert all("max(stored_secret_revisions.revision)" in each for each in asked)


def test_no_change_of_several_at_once_is_missed(store: Store, secrets: Secrets) -> None:
    slugs = [f"business-{number}" for number in range(8)]
    ended = threading.Event()

    def change(slug: str) -> None:
        for number in range(5):
            store.set(slug, "OWNER_API_KEY", f"fd_{slug}_{number}")

    threads = [threading.Thread(target=change, args=(slug,)) for slug in slugs]
    follower = threading.Thread(target=lambda: [secrets.refresh() for _ in iter(ended.is_set, True)])
    for thread in (*threads, follower):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    follower.join()

    secrets.refresh()
    assert [secrets.values(slug, "OWNER_API_KEY") for slug in slugs] == [(f"fd_{slug}_4",) for slug in slugs]


def test_nothing_is_shown_by_repr(store: Store, secrets: Secrets) -> None:
    store.set(*STRIPE, "whsec_1")
    secrets.refresh()
    assert secrets.stored is not None
    shown = f"{secrets!r}{secrets.stored!r}{vars(secrets.stored)!r}"
    assert "whsec_1" not in shown
    assert KEY not in shown
