"""Events that only tell what became of our own commands: they can wait for a moment, what a person does can not.

Each text that goes out comes back as its outcome and two or three receipts. Modelled one by one at once, they would
take the time in which the next person's booking could be answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.canonical import COMMAND_FACTS, FRONTDESK_SOURCE
from core.envelope import Event

#: Receipts: any status of a message that is not one of a person (providers' pages on status callbacks and receipts).
_RECEIPT = re.compile(r"twilio\.message\.(?!received$)\w+|clicksend\.message\.receipt")
#: What a command does; what staff ask for is none of it.
_OUTCOMES = COMMAND_FACTS - {"message.requested"} | {"message.sent", "message.failed", "task.created"}


def is_echo(event: Event) -> bool:
    """Tell whether an event only tells of a command of ours."""
    if event.source == FRONTDESK_SOURCE:
        return event.type in _OUTCOMES
    return _RECEIPT.fullmatch(event.type) is not None


def are_echoes(events: Iterable[Event]) -> bool:
    """Tell whether all of them are."""
    return all(is_echo(event) for event in events)
