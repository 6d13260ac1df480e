"""Rehearses a changed tenant file: runs `frontdesk dry-run` over all history, which sends and writes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.errors import FrontdeskError

_TIMEOUT_SECONDS = 180.0
_CHANGED = 1
_LAST_LINES = 12


class RehearsalError(FrontdeskError):
    """The change can't be rehearsed; the detail says why, as the command says it."""

    http_status = 422
    title = "Not rehearsed"


@dataclass(frozen=True)
class Rehearsal:
    """What would be different, as the command reports it."""

    report: dict[str, Any]


def rehearse(text: str, *, tenant_id: str, since: date | None, command: Path | None = None) -> Rehearsal:
    """Return what a changed tenant file would do. Takes up to half a minute over a year of history.

    `command` is the `frontdesk` to run, that of this installation where None. Raises RehearsalError.
    """
    program = command or Path(sys.executable).with_name("frontdesk")
    with TemporaryDirectory(prefix="frontdesk-rehearsal-") as folder:
        # The file's name tells the business, as in the folder of tenants.
        file = Path(folder) / f"{tenant_id}.yaml"
        file.write_text(text, encoding="utf-8")
        arguments = [str(program), "dry-run", "--rules", str(file), "--json"]
        if since is not None:
            arguments += ["--since", since.isoformat()]
        try:
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise RehearsalError(
                f"It took longer than {_TIMEOUT_SECONDS:g} s. Give a later day to begin with, or run "
                "`frontdesk dry-run` in a terminal."
            ) from error
        except OSError as error:
            raise RehearsalError(f"{program} can't be run: {error}") from error
        if "No such command" in done.stderr:
            raise RehearsalError("This installation has no `frontdesk dry-run`; update it to rehearse changes here.")
        if done.returncode not in (0, _CHANGED) or not done.stdout.strip():
            complaint = (done.stderr or done.stdout).replace(f"{folder}/", "").strip().splitlines()
            raise RehearsalError("\n".join(complaint[-_LAST_LINES:]) or f"it ended with status {done.returncode}")
    return Rehearsal(_read_report(done.stdout))


def _read_report(output: str) -> dict[str, Any]:
    try:
        report = json.loads(output)
    except ValueError as error:
        raise RehearsalError("`frontdesk dry-run --json` printed no JSON; update this installation") from error
    return report if isinstance(report, dict) else {"changes": report}
