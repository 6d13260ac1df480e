"""The businesses that are configured in the log, as they are now: follows new versions while it is used."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Engine

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import has_tables
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.tenant.configurations import Configuration, Configurations
from frontdesk.core.tenant.files import Files
from frontdesk.domains.tenancy.tenant import Tenant, read_documents, read_tenants

_logger = logging.getLogger(__name__)


class TenantDirectory(Mapping[str, Tenant]):
    """Businesses by slug. Safe to read from several threads; a reader sees whole versions."""

    def __init__(self, configurations: Configurations) -> None:
        self._configurations = configurations
        self._lock = threading.Lock()
        self._sequence = 0
        self._files: Files[Tenant] = Files({}, {})
        self._versions: dict[str, Configuration] = {}

    @classmethod
    def open(cls, engine: Engine, *, folder: Path, clock: Clock | None = None) -> TenantDirectory:
        """Return a home's businesses: by their files for as long as the log can't be read or holds none.

        Raises ConfigurationError if no business can be read anywhere.
        """
        directory = cls(open_configurations(engine, clock=clock))
        try:
            if has_tables(engine):
                directory.refresh()
        except EventLogUnavailableError as error:
            _logger.warning("the businesses are read from their files until the log can be read: %s", error.detail)
        if not directory.sequence:
            directory._files = read_tenants(folder)
        return directory

    @property
    def wrong(self) -> Mapping[str, str]:
        """What is wrong with the configurations that are, by slug: an upgrade may have made them so."""
        return self._files.wrong

    @property
    def versions(self) -> Mapping[str, Configuration]:
        """The versions in force by slug, wrong ones too; none for as long as files are read."""
        return self._versions

    @property
    def sequence(self) -> int:
        """The newest version that is known, by its place in the log."""
        return self._sequence

    def in_force(self, slug: str) -> tuple[Tenant, Configuration | None] | None:
        """Return a business and the version that it is, None if there is none such; a file is no version."""
        with self._lock:
            tenant = self._files.tenants.get(slug)
            return None if tenant is None else (tenant, self._versions.get(slug))

    def refresh(self) -> frozenset[str]:
        """Take over the versions that are new; return whose they are. Raises EventLogUnavailableError."""
        with self._lock:
            versions = self._configurations.since(self._sequence) if self._sequence else self._all()
            if not versions:
                return frozenset()
            newest = {each.tenant_id: each for each in versions}
            documents = {slug: each.document for slug, each in newest.items() if each.document is not None}
            read = read_documents(documents)
            before = self._files
            # What was read from files is no version: the log's are all that there is.
            replaced = newest.keys() if self._sequence else newest.keys() | before.tenants.keys()
            kept = {slug: tenant for slug, tenant in before.tenants.items() if slug not in replaced}
            wrong = {slug: problem for slug, problem in before.wrong.items() if slug not in replaced}
            in_force = {slug: each for slug, each in self._versions.items() if slug not in newest}
            in_force |= {slug: each for slug, each in newest.items() if each.document is not None}
            self._versions = dict(sorted(in_force.items()))
            self._files = Files(dict(sorted({**kept, **read.tenants}.items())), {**wrong, **read.wrong})
            self._sequence = max(each.sequence for each in versions)
            return frozenset(slug for slug in replaced if _differs(slug, before, self._files))

    def _all(self) -> list[Configuration]:
        return list(self._configurations.newest().values())

    def __getitem__(self, slug: str) -> Tenant:
        return self._files.tenants[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files.tenants)

    def __len__(self) -> int:
        return len(self._files.tenants)


def open_configurations(engine: Engine, *, clock: Clock | None = None) -> Configurations:
    """Return the versions in the database of an engine."""
    clock = clock or SystemClock()
    return Configurations(engine, log=EventLog(engine, ids=UuidV7Factory(clock)), clock=clock)


def describe_version(version: Configuration) -> str:
    """Return when a version was written and by whom, for people."""
    return f"{version.written_at:%Y-%m-%d %H:%M} UTC by {version.written_by}"


def _differs(slug: str, before: Files[Tenant], after: Files[Tenant]) -> bool:
    is_same = before.tenants.get(slug) == after.tenants.get(slug)
    return not is_same or before.wrong.get(slug) != after.wrong.get(slug)
