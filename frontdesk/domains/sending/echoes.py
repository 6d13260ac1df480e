"""Events that only tell what became of our own commands: they can wait for a moment, what a person does can not.

Each text that goes out comes back as its outcome and two or three receipts. Modelled one by one at once, they would
take the time in which the next person's booking could be answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, not_, or_

from frontdesk.core.log.envelope import Event
from frontdesk.core.log.schema import event_log
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.sending.facts import OUTCOME_FACTS
from frontdesk.domains.sending.outbox.outcome_events import Outcome
from frontdesk.domains.tasks.facts import TASK_CREATED

#: Receipts: any status of a message that is not one of a person (providers' pages on status callbacks and receipts).
_RECEIPT = re.compile(r"twilio\.message\.(?!received$)\w+|clicksend\.message\.receipt")
#: What a command does; what staff ask for is none of it.
_OUTCOMES = frozenset({*OUTCOME_FACTS, *(f"message.{outcome}" for outcome in Outcome), TASK_CREATED})

#: What echoes wait at most behind what is urgent; until then, who waits for them is nobody but readers.
_POSTPONED_AT_MOST = timedelta(seconds=10)
#: With so many urgent events, their echoes cost the batch little.
_MANY = 50


class Batch(NamedTuple):
    """What is modelled next, and what waits for a later batch; both ascending by sequence."""

    events: list[Event]
    postponed: list[Event]


def is_urgent_row() -> ColumnElement[bool]:
    """Return the condition that a row of the log is no echo: what is_echo says of events, in SQL."""
    columns = event_log.c
    is_outcome = and_(columns.source == FRONTDESK_SOURCE, columns.type.in_(sorted(_OUTCOMES)))
    is_receipt = and_(
        columns.source != FRONTDESK_SOURCE,
        or_(
            and_(columns.type.startswith("twilio.message."), columns.type != "twilio.message.received"),
            columns.type == "clicksend.message.receipt",
        ),
    )
    return not_(or_(is_outcome, is_receipt))


def is_echo(event: Event) -> bool:
    """Tell whether an event only tells of a command of ours."""
    if event.source == FRONTDESK_SOURCE:
        return event.type in _OUTCOMES
    return _RECEIPT.fullmatch(event.type) is not None


def are_echoes(events: Iterable[Event]) -> bool:
    """Tell whether all of them are."""
    return all(is_echo(event) for event in events)


def choose_batch(coming: Sequence[Event], *, now: datetime) -> Batch:
    """Choose what to model next of the events that are to be modelled, ascending by sequence.

    A batch of something urgent and of echoes would decide later for the echoes in it (1.4 times as late with five of
    them). No decision relies on an echo that came a moment before: a provider can send it any time later as well.
    """
    urgent = [event for event in coming if not is_echo(event)]
    echoes = [event for event in coming if is_echo(event)]
    if not (urgent and echoes) or len(urgent) > _MANY:
        return Batch(list(coming), [])
    if now - min(event.received_at for event in echoes) > _POSTPONED_AT_MOST:
        return Batch(list(coming), [])
    return Batch(urgent, [event for event in echoes if event.sequence < urgent[-1].sequence])
