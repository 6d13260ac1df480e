"""What the stand-ins took, and whether they have told the receiver all that there is to tell of it."""

from __future__ import annotations

import time
from typing import Any

import httpx

from sandbox.processes import ProcessError

_TIMEOUT_S = 60.0
_POLL_S = 0.1


def wait_for_receipts(sandbox_url: str) -> dict[str, Any]:
    """Return the ledger's counts once no callback is under way. Raises ProcessError after a minute."""
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        counts: dict[str, Any] = httpx.get(f"{sandbox_url}/control/ledger", params={"entries": False}).json()
        if counts["callbacks"]["pending"] == 0:
            return counts
        time.sleep(_POLL_S)
    raise ProcessError(f"callbacks of {sandbox_url} were still under way after {_TIMEOUT_S:g} s")


def describe_accepted(counts: dict[str, Any]) -> str:
    """Return what the providers accepted, in one line."""
    by_provider = ", ".join(f"{count} by {provider}" for provider, count in sorted(counts["by_provider"].items()))
    repeated = len(counts["repeated_references"])
    return (
        f"The providers' stand-ins accepted {counts['count']} texts, e-mails and webhooks"
        f"{f' ({by_provider})' if by_provider else ''}; {repeated or 'none'} of them twice."
    )
