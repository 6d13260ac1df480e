"""Verdicts, reasons and states in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from frontdesk.domains.rules.verdict_words import OPERATORS, REASONS
from frontdesk.domains.sending.outbox.commands import CommandState, KnownCommand

_CAN_BE_STOPPED = (None, CommandState.WAITING, CommandState.WITHDRAWN)
_OVER = {
    CommandState.CLAIMED: "It is being sent",
    CommandState.CALLING: "The provider is being called",
    CommandState.SENT: "It went out",
    CommandState.DEAD: "It could not be sent",
    CommandState.UNCERTAIN: "The provider may have accepted it; nobody knows yet",
    CommandState.CANCELLED: "It was cancelled",
    CommandState.WITHDRAWN: "It was taken back",
    CommandState.SUPPRESSED: "It was held back for good",
}


def instant(moment: datetime) -> str:
    """Return a moment as it is shown."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def of_decision(decision: Mapping[str, Any], state: CommandState | None) -> str:
    """Return verdict and reason of a row of fct_decisions, and what stopped it since.

    state: where it stands in the outbox, None where it is not there. What comes after it went out is of no account.
    """
    match decision["verdict"]:
        case "intended":
            due = f"intended, due {instant(decision['due_at'])}"
            if decision["stopped_by"] is None or state not in _CAN_BE_STOPPED:
                return due
            return f"{due}, and stopped since because {_reason(decision['stopped_by'], decision['stopped_detail'])}"
        case "shadow":
            return "not sent: the rule is in shadow, decided and shown only"
        case "held_out":
            return "not sent: the contact is in the rule's holdout, which shows what happens without it"
        case _:
            return f"not sent because {_reason(decision['reason'], decision['reason_detail'])}"


def of_delivery(known: KnownCommand) -> str:
    """Return where a command of the outbox stands."""
    if known.state is CommandState.WAITING:
        moment = known.next_attempt_at or known.due_at
        why = f" ({known.reason})" if known.reason else ""
        return f"It waits until {instant(moment)}{why}"
    why = f": {known.reason}" if known.reason else ""
    return f"{_OVER[known.state]} at {instant(known.changed_at)}{why}"


def _reason(reason: str, detail: str | None) -> str:
    words = REASONS.get(reason, reason)
    if reason == "condition" and detail:
        field, _, rest = detail.partition(" ")
        operator, _, expected = rest.partition(" ")
        return f"{words}: {field} {OPERATORS.get(operator, operator)} {expected}".rstrip()
    return f"{words}: {detail}" if detail else words
