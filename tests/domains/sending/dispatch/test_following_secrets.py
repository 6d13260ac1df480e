"""A dispatcher sends with a secret that is stored while it runs, and what waited for it goes out at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.domains.sending.outbox.commands import CommandState
from tests.core.secret_store.stores import WITH_KEY, Store
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, hook, open_sending, text
from tests.domains.sending.dispatch.standins import WEBHOOK_SECRET, StandIns, wait_until
from tests.domains.sending.dispatch.test_following import running

TOKEN = "TWILIO_AUTH_TOKEN"
VARIABLE = f"FRONTDESK_NOIZYLAB_{TOKEN}"


@contextmanager
def sending_by(standins: StandIns, folder: Path, environ: Mapping[str, str]) -> Iterator[SendingFixture]:
    """A dispatcher that runs, whose environment lacks NOIZYLAB's token."""
    with (
        open_sending(
            standins, folder, clock=SystemClock(), environ={**standins.environ, VARIABLE: "", **environ}
        ) as sending,
        running(sending.dispatcher),
    ):
        yield sending


def reason(sending: SendingFixture, key: str) -> str:
    return sending.known(key).reason or ""


def test_what_waits_for_a_secret_goes_out_once_it_is_stored(standins: StandIns, tmp_path: Path) -> None:
    with sending_by(standins, tmp_path, WITH_KEY) as sending:
        store = Store(sending.engine)
        sending.put(text("waiting", due_at=SystemClock().now()), text("behind", due_at=SystemClock().now()))
        wait_until(lambda: VARIABLE in reason(sending, "waiting"))
        assert standins.entries() == []
        store.set("noizylab", TOKEN, standins.environ[VARIABLE])
        # Without a word it would wait for a minute.
        wait_until(lambda: sending.state("waiting") is CommandState.SENT)
        wait_until(lambda: sending.state("behind") is CommandState.SENT)
        store.keeper.remove("noizylab", TOKEN)
        wait_until(lambda: not sending.dispatcher._senders._secrets.values("noizylab", TOKEN))
        sending.put(text("after", due_at=SystemClock().now()))
        wait_until(lambda: VARIABLE in reason(sending, "after"))


def test_what_the_provider_refused_goes_out_once_the_right_secret_is_stored(
    standins: StandIns, tmp_path: Path
) -> None:
    with sending_by(standins, tmp_path, WITH_KEY) as sending:
        store = Store(sending.engine)
        store.set("noizylab", TOKEN, "one that the provider refuses")
        sending.put(*(text(f"k{number}", due_at=SystemClock().now()) for number in range(3)))
        wait_until(lambda: [each.lane.provider for each in sending.outbox.closed_lanes()] == ["twilio"])
        assert standins.entries() == []
        store.set("noizylab", TOKEN, standins.environ[VARIABLE])
        # Without a word each would wait for a minute, and the lane for up to five.
        wait_until(lambda: all(sending.state(f"k{number}") is CommandState.SENT for number in range(3)))
        wait_until(lambda: sending.outbox.closed_lanes() == [])


def test_the_newest_value_is_sent_with(standins: StandIns, tmp_path: Path) -> None:
    with sending_by(standins, tmp_path, WITH_KEY) as sending:
        store = Store(sending.engine)
        store.set("noizylab", TOKEN, "an older one that the provider refuses")
        store.set("noizylab", TOKEN, standins.environ[VARIABLE], keeps_older=True)
        wait_until(lambda: len(sending.dispatcher._senders._secrets.values("noizylab", TOKEN)) == 2)
        sending.put(text("k1", due_at=SystemClock().now()))
        wait_until(lambda: sending.state("k1") is CommandState.SENT)


@pytest.mark.parametrize("environ", [{}, {"FRONTDESK_MASTER_KEY": "5f" * 32}])
def test_with_a_secret_that_can_not_be_read_nothing_goes_out_and_nothing_is_lost(
    standins: StandIns, tmp_path: Path, environ: dict[str, str]
) -> None:
    with sending_by(standins, tmp_path, environ) as sending:
        Store(sending.engine).set("noizylab", TOKEN, standins.environ[VARIABLE])
        wait_until(sending.dispatcher._senders._secrets.unreadable)
        sending.put(text("waiting", due_at=SystemClock().now()))
        wait_until(lambda: "TWILIO_AUTH_TOKEN of noizylab can't be read" in reason(sending, "waiting"))
        assert sending.state("waiting") is CommandState.WAITING
        assert standins.entries() == []
        assert standins.environ[VARIABLE] not in reason(sending, "waiting")
    with sending_by(standins, tmp_path, WITH_KEY) as sending:
        # Tried at the start, and not a minute after it was tried last.
        wait_until(lambda: sending.state("waiting") is CommandState.SENT)


def test_a_secret_that_can_not_be_read_stops_what_needs_it_alone(standins: StandIns, tmp_path: Path) -> None:
    token = {VARIABLE: standins.environ[VARIABLE]}
    with sending_by(standins, tmp_path, token) as sending:
        Store(sending.engine).set("noizylab", "OUTGOING_WEBHOOK_SECRET", WEBHOOK_SECRET)
        wait_until(sending.dispatcher._senders._secrets.unreadable)
        sending.put(hook("hook", due_at=SystemClock().now()), text("text", due_at=SystemClock().now()))
        wait_until(lambda: sending.state("text") is CommandState.SENT)
        wait_until(lambda: "OUTGOING_WEBHOOK_SECRET of noizylab can't be read" in reason(sending, "hook"))
