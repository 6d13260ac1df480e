"""Keys of commands that no rule makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Stands where the key of a rule's command has the rule.
MANUAL, REPORT = "manual", "report"


def manual_command_key(tenant_id: str, *, command_type: str, message_id: str) -> str:
    """Return the key of the command for a message that staff asked for."""
    return f"{tenant_id}/{MANUAL}/{command_type}/{message_id}"


def report_command_key(tenant_id: str, *, report_id: str, recipient: str) -> str:
    """Return the key of the command that sends one version of a report to one of those who get it."""
    return f"{tenant_id}/{REPORT}/send_email/{report_id}/{recipient}"


def report_of(payload: Mapping[str, Any]) -> str | None:
    """Return the report that a command's payload sends; None: it is a message to a contact."""
    report_id = payload.get("report_id")
    return None if report_id is None else str(report_id)
