"""Answers on a terminal: narrow ones fold, nothing is cut."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.domains.rules.explaining import words
from frontdesk.domains.rules.explaining.shapes import (
    AbsenceExplanation,
    CommandExplanation,
    ContentRead,
    DecisionRead,
    EventRead,
    OutcomeRead,
)
from frontdesk.domains.sending.outbox.shapes import AttemptRead

_MAX_DECISIONS_SHOWN = 10


def show_command(answer: CommandExplanation, *, console: Console) -> None:
    """Show why a command is what it is."""
    _head(answer.summary, answer.lag_events, console=console)
    rows: list[tuple[str, str | None]] = [
        ("Command", answer.command_key),
        ("Rule", _rule(answer)),
        ("Contact", answer.contact_id),
        *(("Because of", _event(cause)) for cause in answer.causes),
        ("Decision", answer.decision.words if answer.decision else "none: the rules as they are now decide none"),
        ("Prevented by", _event(answer.reason_event) if answer.reason_event else None),
        ("Consent", _consent(answer) or answer.guards.consent),
        ("Quiet hours", answer.guards.quiet_hours),
    ]
    if answer.decision:
        rows += [("Due", _time(answer.decision.due_at)), ("Expires", _time(answer.decision.expires_at))]
    if delivery := answer.delivery:
        rows += [
            ("Outbox", f"{delivery.state} since {_time(delivery.changed_at)}, by {delivery.provider}"),
            ("Held back", f"{delivery.reason}" if delivery.reason else None),
            ("Next try", _time(delivery.next_attempt_at)),
            ("Provider's id", delivery.provider_id),
            *((f"Attempt {each.attempt_number}", _attempt(each)) for each in delivery.attempts),
        ]
    if answer.outcome:
        rows.append(("Told by the log", _outcome(answer.outcome)))
    if answer.content:
        rows += _content(answer.content)
    _show(rows, console=console)


def show_absence(answer: AbsenceExplanation, *, console: Console) -> None:
    """Show why a rule did not act for a contact."""
    _head(answer.summary, answer.lag_events, console=console)
    rows: list[tuple[str, str | None]] = [
        ("Contact", f"{answer.contact_name} ({answer.contact_id})"),
        *(("Waits for", f"{each.fact_type}: {_had(each.count, each.last_at)}") for each in answer.awaited),
        *((_time(each.due_at) or "", _decision(each)) for each in answer.decisions[:_MAX_DECISIONS_SHOWN]),
    ]
    left_out = len(answer.decisions) - _MAX_DECISIONS_SHOWN
    if left_out > 0:
        rows.append(("", f"{left_out} earlier ones: --json has them"))
    _show(rows, console=console)


def _head(summary: str, lag_events: int, *, console: Console) -> None:
    console.print(f"[bold]{escape(summary)}[/]", highlight=False)
    if lag_events:
        note = f"The decisions lag {lag_events} events behind the log; this may not be the last word."
        console.print(f"[yellow]{note}[/]", highlight=False)


def _show(rows: Iterable[tuple[str, str | None]], *, console: Console) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(overflow="fold", style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(name, escape(value))
    console.print(table, highlight=False)


def _rule(answer: CommandExplanation) -> str:
    rule = answer.rule
    if rule.rule_id is None:
        return "none: a person asked for it, or it sends a report"
    if not rule.is_changed:
        return f"{rule.rule_id}, version {rule.version}"
    now = "is gone from the business's file" if rule.version_now is None else f"is version {rule.version_now} now"
    return f"{rule.rule_id}, version {rule.version}; it {now}"


def _event(event: EventRead) -> str:
    received = f", received {_time(event.received_at)}" if event.received_at != event.occurred_at else ""
    subject = f" about {event.subject_id}" if event.subject_id else ""
    return f"{event.type} from {event.source}{subject} at {_time(event.occurred_at)}{received} ({event.event_id})"


def _consent(answer: CommandExplanation) -> str | None:
    consent = answer.consent
    if consent is None:
        return None
    verb = "allowed" if consent.is_granted else "refused"
    evidence = f": {consent.evidence}" if consent.evidence else ""
    return f"{verb}{evidence}; {_event(consent.event)}" if consent.event else f"{verb}{evidence}"


def _attempt(attempt: AttemptRead) -> str:
    found = f"; found {attempt.resolution} by {attempt.resolved_by}" if attempt.resolution else ""
    said = attempt.detail or attempt.provider_id
    return f"{_time(attempt.started_at)}: {attempt.outcome or 'under way'}{f', {said}' if said else ''}{found}"


def _outcome(outcome: OutcomeRead) -> str:
    moments = (
        ("done", outcome.done_at),
        ("delivered", outcome.delivered_at),
        ("failed", outcome.failed_at),
        ("suppressed", outcome.suppressed_at),
        ("uncertain", outcome.uncertain_at),
    )
    told = ", ".join(f"{name} {_time(moment)}" for name, moment in moments if moment)
    why = " ".join(each for each in (outcome.reason, outcome.error_code) if each)
    return f"{outcome.outcome}: {told}{f' ({why})' if why else ''}"


def _content(content: ContentRead) -> list[tuple[str, str | None]]:
    version = f", version {content.template_version}" if content.template_version else ""
    return [
        ("Template", f"{content.template}{version}" if content.template else None),
        ("To", content.to),
        ("Subject", content.subject),
        ("Text" if content.is_sent else "Text, not sent", content.text),
        ("Segments", str(content.segments) if content.segments else None),
        ("Not to be made", content.problem),
    ]


def _decision(decision: DecisionRead) -> str:
    state = f"; in the outbox: {decision.state}" if decision.state else ""
    return f"{decision.cause_type}, {decision.command_type}: {decision.words}{state} ({decision.command_key})"


def _had(count: int, last_at: datetime | None) -> str:
    return f"{count}, the last at {_time(last_at)}" if count else "none"


def _time(moment: datetime | None) -> str | None:
    return words.instant(moment) if moment else None
