"""What the tables refuse is a fault of one command, and no outage: everybody's batch would be tried for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.settlement import settle_as_not_sent, settle_as_sent
from frontdesk.domains.sending.outbox.withdrawals import Withdrawals
from tests.core.factories import new_event
from tests.domains.sending.outbox.factories import NOON, new_command

Step = Callable[[Engine, Outbox, EventLog], object]
Stores = tuple[Engine, Outbox, EventLog]
KEY = "hmnp:reminder:1"


@pytest.fixture
def stores(engine: Engine, outbox: Outbox, log: EventLog) -> Stores:
    return engine, outbox, log


def withdraw(engine: Engine, outbox: Outbox, log: EventLog) -> object:
    return Withdrawals(engine, outbox=outbox, log=log).withdraw([KEY], reason="over", now=NOON)


def enter_withheld(engine: Engine, outbox: Outbox, log: EventLog) -> object:
    return Withdrawals(engine, outbox=outbox, log=log).enter_withheld(
        new_command("hmnp:reminder:2"), reason="over", now=NOON
    )


def settle_sent(engine: Engine, outbox: Outbox, log: EventLog) -> object:
    known = outbox.find(KEY)
    assert known is not None
    return settle_as_sent(
        engine, known, outbox=outbox, log=log, attempt_number=1, resolved_by="Ana", provider_id=None, now=NOON
    )


def settle_not_sent(engine: Engine, outbox: Outbox, log: EventLog) -> object:
    known = outbox.find(KEY)
    assert known is not None
    return settle_as_not_sent(engine, known, outbox=outbox, log=log, attempt_number=1, resolved_by="Ana", now=NOON)


@pytest.mark.parametrize("step", [withdraw, enter_withheld, settle_sent, settle_not_sent])
@pytest.mark.parametrize(
    ("kind", "raised"),
    [(IntegrityError, IntegrityError), (DataError, ValueError), (OperationalError, OutboxUnavailableError)],
)
def test_only_what_passes_is_told_as_an_outage(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, step: Step, kind: Any, raised: type[Exception]
) -> None:
    stores[1].enqueue([new_command()])

    def refuse(_self: Outbox, *_arguments: Any, **_named: Any) -> Any:
        raise kind("insert", {}, Exception("CHECK constraint failed"))

    for name in ("withdraw", "resolve_as_sent", "resolve_as_not_sent"):
        monkeypatch.setattr(Outbox, name, refuse)

    with pytest.raises(raised):
        step(*stores)


def test_an_event_that_the_tables_refuse_is_no_outage_of_the_log(log: EventLog) -> None:
    with pytest.raises(ValueError, match="can't be stored"):
        log.append([new_event(type=None)])
    assert log.last_sequence() == 0
