"""`frontdesk why` and `frontdesk why-not`: one question, answered on the terminal or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import FrontdeskError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.published.errors import UnknownRuleError
from frontdesk.core.settings import Settings, load_settings
from frontdesk.core.tenant.businesses import load_businesses
from frontdesk.domains.rules.explanations.explainer import Explainer
from frontdesk.domains.rules.explanations.shapes import (
    AbsenceExplanation,
    CommandExplanation,
    ContentRead,
    DecisionRead,
    EventRead,
    OutcomeRead,
)
from frontdesk.domains.rules.explanations.why import format_instant
from frontdesk.domains.rules.settings import RuledBusiness
from frontdesk.domains.rules.vocabulary import suggest
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.shapes import AttemptRead

_MAX_DECISIONS_SHOWN = 10


def show_command(answer: CommandExplanation, *, console: Console) -> None:
    """Show why a command is what it is."""
    _show_head(answer.summary, answer.lag_events, console=console)
    rows: list[tuple[str, str | None]] = [
        ("Command", answer.command_key),
        ("Rule", _rule_line(answer)),
        ("Contact", answer.contact_id),
        *(("Because of", _event_line(cause)) for cause in answer.causes),
        ("Decision", answer.decision.words if answer.decision else "none by the rules as they are now"),
        ("Prevented by", _event_line(answer.reason_event) if answer.reason_event else None),
        ("Consent", _consent_line(answer) or answer.guards.consent),
        ("Quiet hours", answer.guards.quiet_hours),
    ]
    if answer.decision:
        rows += [("Due", _format_time(answer.decision.due_at)), ("Expires", _format_time(answer.decision.expires_at))]
    if delivery := answer.delivery:
        rows += [
            ("Outbox", f"{delivery.state} since {_format_time(delivery.changed_at)}, by {delivery.provider}"),
            ("Reason", f"{delivery.reason}" if delivery.reason else None),
            ("Next attempt", _format_time(delivery.next_attempt_at)),
            ("Provider's id", delivery.provider_id),
            *((f"Attempt {each.attempt_number}", _attempt_line(each)) for each in delivery.attempts),
        ]
    if answer.outcome:
        rows.append(("Result", _outcome_line(answer.outcome)))
    if answer.content:
        rows += _content_lines(answer.content)
    _show_rows(rows, console=console)


def show_absence(answer: AbsenceExplanation, *, console: Console) -> None:
    """Show why a rule did not act for a contact."""
    _show_head(answer.summary, answer.lag_events, console=console)
    rows: list[tuple[str, str | None]] = [
        ("Contact", f"{answer.contact_name} ({answer.contact_id})"),
        *(("Waits for", f"{each.fact_type}: {_count_line(each.count, each.last_at)}") for each in answer.awaited),
        *(
            (_format_time(each.due_at) or "", _decision_line(each))
            for each in answer.decisions[:_MAX_DECISIONS_SHOWN]
        ),
    ]
    left_out = len(answer.decisions) - _MAX_DECISIONS_SHOWN
    if left_out > 0:
        rows.append(("", f"{left_out} earlier: --json shows them"))
    _show_rows(rows, console=console)


def _show_head(summary: str, lag_events: int, *, console: Console) -> None:
    console.print(f"[bold]{escape(summary)}[/]", highlight=False)
    if lag_events:
        events = "1 event is" if lag_events == 1 else f"{lag_events:,} events are"
        note = f"{events} not processed yet, so this answer may change."
        console.print(f"[yellow]{note}[/]", highlight=False)


def _show_rows(rows: Iterable[tuple[str, str | None]], *, console: Console) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(overflow="fold", style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(name, escape(value))
    console.print(table, highlight=False)


def _rule_line(answer: CommandExplanation) -> str:
    rule = answer.rule
    if rule.rule_id is None:
        return "none: a person asked for it, or it sends a report"
    if not rule.is_changed:
        return f"{rule.rule_id}, version {rule.version}"
    now = "is no longer in the business's file" if rule.version_now is None else f"is version {rule.version_now} now"
    return f"{rule.rule_id}, version {rule.version}; it {now}"


def _event_line(event: EventRead) -> str:
    received = f", received {_format_time(event.received_at)}" if event.received_at != event.occurred_at else ""
    subject = f" about {event.subject_id}" if event.subject_id else ""
    return (
        f"{event.type} from {event.source}{subject} at {_format_time(event.occurred_at)}{received} ({event.event_id})"
    )


def _consent_line(answer: CommandExplanation) -> str | None:
    consent = answer.consent
    if consent is None:
        return None
    verb = "allowed" if consent.is_granted else "refused"
    evidence = f": {consent.evidence}" if consent.evidence else ""
    return f"{verb}{evidence}; {_event_line(consent.event)}" if consent.event else f"{verb}{evidence}"


def _attempt_line(attempt: AttemptRead) -> str:
    resolution = f"; found {attempt.resolution} by {attempt.resolved_by}" if attempt.resolution else ""
    detail = attempt.detail or attempt.provider_id
    outcome = attempt.outcome.words if attempt.outcome else "running"
    return f"{_format_time(attempt.started_at)}: {outcome}{f', {detail}' if detail else ''}{resolution}"


def _outcome_line(outcome: OutcomeRead) -> str:
    moments = (
        ("done", outcome.done_at),
        ("delivered", outcome.delivered_at),
        ("failed", outcome.failed_at),
        ("not sent", outcome.suppressed_at),
        ("uncertain", outcome.uncertain_at),
    )
    listed = ", ".join(f"{name} {_format_time(moment)}" for name, moment in moments if moment)
    why = " ".join(each for each in (outcome.reason, outcome.error_code) if each)
    return f"{outcome.outcome}: {listed}{f' ({why})' if why else ''}"


def _content_lines(content: ContentRead) -> list[tuple[str, str | None]]:
    version = f", version {content.template_version}" if content.template_version else ""
    return [
        ("Template", f"{content.template}{version}" if content.template else None),
        ("To", content.to),
        ("Subject", content.subject),
        ("Text" if content.is_sent else "Text, not sent", content.text),
        ("Segments", str(content.segments) if content.segments else None),
        ("Text can't be written", content.problem),
    ]


def _decision_line(decision: DecisionRead) -> str:
    state = f"; in the outbox: {decision.state}" if decision.state else ""
    return f"{decision.cause_type}, {decision.command_type}: {decision.words}{state} ({decision.command_key})"


def _count_line(count: int, last_at: datetime | None) -> str:
    return f"{count}, the last at {_format_time(last_at)}" if count else "none"


def _format_time(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None


app = typer.Typer()

#: Columns where the output is no terminal.
_FILE_WIDTH = 240

_AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]


class WhichBusinessError(FrontdeskError):
    """It is not clear, or not known, which business is meant."""

    title = "Which business"


@app.command()
def why(
    *,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The command's key, as `frontdesk outbox list` shows it.")
    ],
    as_json: _AsJson = False,
) -> None:
    """Show why a command went out, or did not: rule, cause, consent, words, every attempt, what came of it."""
    settings = load_settings()
    answer = _explainer(settings, load_businesses(settings, RuledBusiness)).explain_command(key)
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        show_command(answer, console=_open_console())


@app.command(name="why-not")
def why_not(
    *,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's id.")],
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Id, phone number, e-mail address or name.")],
    tenant: Annotated[str | None, typer.Option(help="The business; needed where several have such a rule.")] = None,
    as_json: _AsJson = False,
) -> None:
    """Show why a rule did not act for a contact: the first condition that failed, or the fact that never came."""
    settings = load_settings()
    tenants = load_businesses(settings, RuledBusiness)
    tenant_id = _choose_tenant(tenants, tenant, rule_id=rule)
    answer = _explainer(settings, tenants).explain_absence(tenant_id, rule_id=rule, contact=contact)
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        show_absence(answer, console=_open_console())


def _explainer(settings: Settings, tenants: dict[str, RuledBusiness]) -> Explainer:
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    clock = SystemClock()
    ids = UuidV7Factory(clock)
    outbox = Outbox(engine, clock=clock, ids=ids)
    return Explainer(settings.analytics_path, outbox=outbox, log=EventLog(engine, ids=ids), tenants=tenants)


def _choose_tenant(tenants: dict[str, RuledBusiness], tenant_id: str | None, *, rule_id: str) -> str:
    if tenant_id is not None:
        if tenant_id not in tenants:
            raise WhichBusinessError(f"there is no business {tenant_id}; use one of {', '.join(sorted(tenants))}")
        return tenant_id
    having = sorted(slug for slug, tenant in tenants.items() if any(rule.id == rule_id for rule in tenant.rules))
    if not having:
        every = tuple(sorted({rule.id for tenant in tenants.values() for rule in tenant.rules}))
        raise UnknownRuleError(f"no business has a rule {rule_id}; {suggest(rule_id, every)}")
    if len(having) > 1:
        raise WhichBusinessError(
            f"several businesses have a rule {rule_id}; add --tenant with one of {', '.join(having)}"
        )
    return having[0]


def _open_console() -> Console:
    # A key that is cut in two by a file's narrow columns could not be searched for.
    return Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
