"""The bar of commands that read the log: events done of all there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from frontdesk.core.progress import ProgressCallback


@contextmanager
def progress_bar(label: str) -> Iterator[ProgressCallback]:
    """Show a bar on stderr for a block; it goes when the block ends."""
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TextColumn("events"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
