"""One command's page: why it is there, and what happened to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import streamlit as st

from dashboard.frame.session import Business
from dashboard.parts import drafts
from dashboard.parts.formatting import escape_lines, escape_markdown, format_instant, format_quantity, format_words
from dashboard.parts.wording import (
    badge,
    describe_outcome,
    describe_reason,
    describe_state,
    describe_verdict,
    name_origin,
    name_rule,
)
from frontdesk.domains.rules.explanations.shapes import CommandExplanation, ContentRead
from frontdesk.domains.sending.outbox.commands import MANUAL, CommandState
from frontdesk.domains.sending.outbox.shapes import AttemptRead, CommandWithAttempts
from frontdesk.domains.tenancy.tenant import Tenant

_ATTEMPT_BADGES = {
    "sent": ("green", "check", "Accepted"),
    "retry": ("orange", "replay", "Refused for now"),
    "failed": ("red", "error", "Refused for good"),
    "uncertain": ("orange", "help", "No answer"),
}


def show_heading(decision: Any, command: CommandWithAttempts | None) -> None:
    """Show the rule, and how the command stands; either can be None if file or outbox has none of it."""
    if decision is None and command is not None:
        name = name_origin(command.rule_id, command.payload)
    else:
        name = name_rule(decision.rule_id if decision is not None else None)
    badges = [describe_state(command.state)] if command is not None else []
    if decision is not None and (command is None or decision.outcome in ("delivered", "undelivered")):
        badges.append(describe_outcome(decision.outcome) if decision.outcome else describe_verdict(decision.verdict))
    st.markdown(f"### {name}  \n{' '.join(badges)}", anchors=False)


def show_why(business: Business, decision: Any, explanation: CommandExplanation | None) -> None:
    """Show what was decided, from which cause, by which rule; the explanation is None if /v1 has none."""
    st.subheader("Why", anchor=False)
    if explanation is not None:
        st.markdown(escape_markdown(explanation.summary))
    if decision is None:
        st.caption("Its details appear within a second or two.")
        return
    for label, text in _explain(decision, business):
        st.markdown(f":gray[{label}]  \n{text}")
    if explanation is not None and explanation.consent is not None:
        consent = explanation.consent
        st.markdown(
            f":gray[Consent]  \n{'Given' if consent.is_granted else 'Withdrawn'}: {escape_markdown(consent.evidence)}"
        )


def show_text(decision: Any, content: ContentRead | None, *, tenant: Tenant | None) -> None:
    """Show the words that went out, or as they would read now."""
    if content is not None and content.text:
        facts = [f"template {format_words(content.template).lower()}" if content.template else "written by staff"]
        facts += [f"version {content.template_version}"] if content.template_version else []
        facts += [format_quantity(content.segments, "segment")] if content.segments else []
        label = f"{'Text sent' if content.is_sent else 'Text if sent now'} ({', '.join(facts)})"
        _show_words(label, text=content.text, subject=content.subject)
    elif decision is not None and tenant is not None:
        payload = json.loads(decision.payload)
        text = drafts.preview(tenant, channel=decision.channel, payload=payload)
        if text:
            _show_words("Text if sent now", text=text, subject=payload.get("subject"))


def _show_words(label: str, *, text: str, subject: str | None) -> None:
    st.markdown(f":gray[{escape_markdown(label)}]")
    with st.container(border=True):
        if subject:
            st.markdown(f"**{escape_markdown(subject)}**")
        st.markdown(escape_lines(text))


def _explain(decision: Any, business: Business) -> Iterable[tuple[str, str]]:
    who = escape_markdown(decision.display_name)
    address = f" · {escape_markdown(decision.to_address)}" if decision.to_address else ""
    link = f"contacts?tenant={business.tenant_id}&contact={decision.contact_id}"
    yield "For", f"[{who}]({link}){address}"
    cause = escape_markdown(format_words(decision.cause_type))
    yield "Because of", f"{cause}, {escape_markdown(format_instant(decision.caused_at, business.zone))}"
    if decision.rule_id != MANUAL:
        yield "By", f"rule {name_rule(decision.rule_id)}, version {decision.rule_version}, {decision.message_class}"
    else:
        yield "By", "staff"
    yield "Decided", describe_verdict(decision.verdict)
    if decision.reason:
        detail = f" :gray[({escape_markdown(decision.reason_detail)})]" if decision.reason_detail else ""
        yield "Reason", f"{describe_reason(decision.reason)}{detail}"
    yield "Due", escape_markdown(format_instant(decision.due_at, business.zone))
    if decision.expires_at is not None:
        yield "Expires", escape_markdown(format_instant(decision.expires_at, business.zone))


def show_attempts(business: Business, decision: Any, command: CommandWithAttempts | None) -> None:
    """Show every call of a provider, and its receipts."""
    st.subheader("What happened", anchor=False)
    if command is None or not command.attempts:
        waits = command is not None and command.state is CommandState.WAITING
        st.caption("No attempt yet." if waits else "No attempt is known here.")
    for attempt in command.attempts if command else ():
        st.markdown(_describe_attempt(attempt, business))
    attempt_details = {attempt.detail for attempt in command.attempts} if command else set()
    if command is not None and command.reason and command.reason not in attempt_details:
        st.markdown(f":gray[Reason]  \n{escape_markdown(command.reason)}")
    receipts = () if decision is None else (("Delivered", decision.delivered_at), ("Failed", decision.failed_at))
    for label, at in receipts:
        if at is not None:
            st.markdown(f"**{label}** :gray[{escape_markdown(format_instant(at, business.zone))}]")


def _describe_attempt(attempt: AttemptRead, business: Business) -> str:
    shown = _ATTEMPT_BADGES.get(attempt.outcome or "", ("blue", "sync", "Running"))
    lines = [f"**Attempt {attempt.attempt_number}** {badge(*shown)}"]
    facts = [escape_markdown(format_instant(attempt.started_at, business.zone))]
    if attempt.provider_id:
        facts.append(f"`{attempt.provider_id}`")
    lines.append(f":gray[:small[{' · '.join(facts)}]]")
    if attempt.detail:
        lines.append(escape_markdown(attempt.detail))
    if attempt.resolution:
        found = "sent" if attempt.resolution == "sent" else "not sent"
        lines.append(f"Found {found} by {escape_markdown(attempt.resolved_by)}")
    return "  \n".join(lines)
