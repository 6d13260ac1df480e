"""Homes with a history: the log of one scale is told once and serves every benchmark of a run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import Settings
from tests.benchmarks.figures import Report, scale_name
from tests.benchmarks.history import load_history
from tests.benchmarks.receiver import REPOSITORY


@dataclass(frozen=True, slots=True)
class BenchHome:
    """A home whose log holds a history of `count` events, and what live benchmarks have added to it."""

    folder: Path
    count: int

    @property
    def settings(self) -> Settings:
        """The settings of everything that works on this home."""
        return Settings(
            home=self.folder, tenants_dir=REPOSITORY / "tenants", dbt_project_dir=REPOSITORY / "dbt_project"
        )


class BenchHomes:
    """The homes of one run, under one folder."""

    def __init__(self, folder: Path, report: Report) -> None:
        self._folder = folder
        self._report = report
        self._told: set[int] = set()

    def home(self, count: int) -> BenchHome:
        """Return the home of a scale; its log is written when the run first asks for it."""
        home = BenchHome(self._folder / f"home-{scale_name(count)}", count)
        if count not in self._told:
            shutil.rmtree(home.folder, ignore_errors=True)
            self._tell(home)
            self._told.add(count)
        return home

    def remove(self) -> None:
        """Delete all homes: a million events take 8 GB."""
        for count in self._told:
            shutil.rmtree(self._folder / f"home-{scale_name(count)}")
        self._told.clear()

    def _tell(self, home: BenchHome) -> None:
        engine = open_engine(home.settings.event_log_url)
        create_tables(engine)
        log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._report.console) as progress:
            task = progress.add_task("writing the history", total=home.count)
            load_history(log, count=home.count, progress=lambda count: progress.advance(task, count))
        engine.dispose()
