"""Runs a `frontdesk` command in a process of its own, and says what it printed or what it complained of."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frontdesk.core.errors import FrontdeskError


class CommandNotRunError(FrontdeskError):
    """The program is not there or can't be started; the detail names it."""

    title = "Command not run"


class CommandTimeoutError(FrontdeskError):
    """The command was ended because it took too long; the detail says how long."""

    title = "Command took too long"


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status and what it printed."""

    status: int
    output: str
    errors: str

    def complaint(self, *, last_lines: int) -> str:
        """Return the last lines of what it complained of, or its status if it said nothing."""
        lines = (self.errors or self.output).strip().splitlines()
        return "\n".join(lines[-last_lines:]) or f"it ended with status {self.status}"


def run_frontdesk(
    arguments: Sequence[str],
    *,
    timeout_seconds: float,
    environ: Mapping[str, str] | None = None,
    command: Path | None = None,
) -> Ended:
    """Run a command to its end, whatever its status.

    `environ` names the home, that of this process if None; `command` is the `frontdesk` to run, that of this
    installation if None. Raises CommandNotRunError, CommandTimeoutError.
    """
    program = command or Path(sys.executable).with_name("frontdesk")
    try:
        done = subprocess.run(
            [str(program), *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandTimeoutError(f"it took longer than {timeout_seconds:g} s") from error
    except OSError as error:
        raise CommandNotRunError(f"{program} can't be run: {error}") from error
    return Ended(done.returncode, done.stdout, done.stderr)
