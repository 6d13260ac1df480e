"""A place to back up and to restore to: a home, a database of one kind, and businesses' files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.backup.archive import Manifest
from frontdesk.domains.operations.backup.backup import make_backup
from frontdesk.domains.operations.backup.restore import Restored, restore_backup
from tests.core.backends import Backend
from tests.core.factories import new_event

CLOCK = SystemClock()
IDS = UuidV7Factory(CLOCK)


@dataclass(frozen=True)
class Place:
    """One home; its database is in it, or a backend's."""

    folder: Path
    backend: Backend | None = None

    @property
    def settings(self) -> Settings:
        """The settings that lead here."""
        url = None if self.backend is None else self.backend.url
        return Settings(home=self.folder / "home", tenants_dir=self.folder / "tenants", database_url=url)

    @property
    def home(self) -> Path:
        """The home."""
        return self.settings.home

    def engine(self) -> Engine:
        """Open the database; the caller disposes of it."""
        return open_database(self.settings.event_log_url)

    def append(self, ids: Sequence[str]) -> list[int]:
        """Append events; return their sequences."""
        engine = self.engine()
        appended = EventLog(engine, ids=IDS).append([new_event(each) for each in ids])
        engine.dispose()
        return [each.sequence for each in appended]

    def events(self) -> list[str]:
        """The events that are there."""
        engine = self.engine()
        found = [each.source_event_id for each in EventLog(engine, ids=IDS).read_after(0, limit=100_000)]
        engine.dispose()
        return found

    def furnish(self) -> None:
        """Put files beside the database."""
        for name, text in (
            ("home/reports/noizylab/weekly/a.json", "{}"),
            ("home/media/noizylab/photo.jpg", "a photo"),
            ("home/warehouse.duckdb", "computed"),
            ("home/published/analytics-0.duckdb", "computed"),
            ("tenants/noizylab.yaml", "slug: noizylab"),
        ):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")

    def back_up(self, target: Path) -> Manifest:
        """Back up to a file."""
        return make_backup(self.settings, target=target, clock=CLOCK, progress=lambda *_: None)

    def restore(self, archive: Path, *, is_replacing: bool = False) -> Restored:
        """Restore from a file."""
        return restore_backup(
            self.settings,
            archive=archive,
            is_replacing=is_replacing,
            held_by="ana",
            clock=CLOCK,
            progress=lambda *_: None,
        )

    def files(self) -> dict[str, bytes]:
        """Every file here with its content."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def destroy(self) -> None:
        """Lose the home and the businesses' files."""
        shutil.rmtree(self.home)
        shutil.rmtree(self.folder / "tenants")
