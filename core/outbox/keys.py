"""Keys of commands that no rule makes."""

from __future__ import annotations

#: Stands where the key of a rule's command has the rule.
MANUAL = "manual"


def manual_command_key(tenant_id: str, *, command_type: str, message_id: str) -> str:
    """Return the key of the command for a message that staff asked for."""
    return f"{tenant_id}/{MANUAL}/{command_type}/{message_id}"
