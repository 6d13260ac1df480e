"""What `frontdesk up` shows: a line when something changes, and the table of addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.core.running.part_supervisor import Change, State
from frontdesk.core.running.parts import Part

_COLOURS = {
    "receiver": "green",
    "dagster-code": "magenta",
    "dagster": "cyan",
    "dashboard": "yellow",
    "monitor": "red",
}
_TITLES = {"receiver": "Receiver (API: /openapi.json)", "dagster": "Dagster", "dashboard": "Dashboard"}
_NAME_WIDTH = max(map(len, _COLOURS))


class Screen:
    """Writes to the terminal, or line by line to a file. Safe to use from several threads."""

    def __init__(self, console: Console, *, logs: Path, shows_output: bool) -> None:
        self._console = console
        self._logs = logs
        self._shows_output = shows_output
        self._last_words: dict[str, tuple[str, ...]] = {}

    def show_change(self, change: Change) -> None:
        """Show what became of a part."""
        match change.state:
            case State.STARTING:
                self._print(change.part, "[dim]starting[/]")
            case State.LISTENING:
                self._print(change.part, f"starts when it is opened  {change.part.url}")
            case State.READY:
                address = f"  {change.part.url}" if change.part.url else ""
                self._print(change.part, f"ready after {change.after_s:.1f} s{address}")
            case State.FAILED:
                log = escape(str(self._logs / f"{change.part.name}.log"))
                reason = f"[bold red]{escape(change.reason)}[/]"
                self._print(change.part, f"{reason}; starting again in {change.retry_in_s:g} s. {log}:")
                if self._last_words.get(change.part.name) == change.last_lines[-1:]:
                    self._print(change.part, "  (it said the same as before)")
                    return
                self._last_words[change.part.name] = change.last_lines[-1:]
                for line in change.last_lines:
                    self._print(change.part, f"  [red]{escape(line)}[/]")
            case State.WAITING | State.STOPPED:
                return

    def show_line(self, part: Part, line: str) -> None:
        """Show a line of a part's output, if that was asked for."""
        if self._shows_output and line:
            self._print(part, escape(line))

    def show_leftovers(self, names: Sequence[str]) -> None:
        """Tell what an earlier run had left and was ended."""
        if names:
            self._console.print(f"Stopped what an earlier run left behind: {', '.join(names)}.")

    def show_addresses(self, parts: Sequence[Part], states: Mapping[str, State]) -> None:
        """Show where everything is, once the first start is settled."""
        table = Table(box=None, pad_edge=False, show_header=False)
        for part in parts:
            if part.url:
                state = "" if states[part.name] in (State.READY, State.LISTENING) else "[red](not up yet)[/]"
                table.add_row(f"[bold]{_TITLES[part.group]}[/]", part.url, state)
        table.add_row("[bold]Output[/]", escape(str(self._logs)), "")
        self._console.print(table)
        self._console.print("Ctrl-C stops everything.")

    def show_stopping(self) -> None:
        """Tell that it is ending."""
        self._console.print("Stopping ...")

    def show_stopped(self) -> None:
        """Tell that everything has ended."""
        self._console.print("Stopped.")

    def _print(self, part: Part, text: str) -> None:
        colour = _COLOURS.get(part.name, "white")
        self._console.print(f"[{colour}]{part.name:<{_NAME_WIDTH}}[/] {text}", highlight=False, soft_wrap=True)
