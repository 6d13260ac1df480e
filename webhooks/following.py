"""Follows the versions of businesses' configurations, and their stored secrets, while the receiver runs."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.commit_watch import CommitWatch
from frontdesk.core.log.set_aside import Kind, SetAside
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.files import TenantFiles
from webhooks.businesses import Served, ServedBusinesses
from webhooks.logs import log_event_log_unavailable, log_following, log_unexpected_error

_LOOK_EVERY_S: Final = 0.5
#: Which looks are for secrets too: one a second.
_SECRETS_AT_EACH: Final = 2


class Following:
    """Brings new versions from the log, and changed secrets, to the businesses that are served."""

    def __init__(
        self,
        directory: TenantDirectory,
        businesses: ServedBusinesses,
        *,
        files: TenantFiles,
        set_aside: SetAside,
        secrets: Secrets,
        commits: CommitWatch,
    ) -> None:
        self._directory = directory
        self._secrets = secrets
        self._count_looks = 0
        self._businesses = businesses
        self._files = files
        self._set_aside = set_aside
        self._behind: set[str] = set()  #: known to have changed, and not prepared yet
        self._commits = commits
        self._unreadable: frozenset[str] = frozenset()
        self._is_unsure = False  #: the last look at what somebody committed failed

    @classmethod
    def of(
        cls,
        directory: TenantDirectory,
        businesses: ServedBusinesses,
        *,
        engine: Engine,
        settings: Settings,
        secrets: Secrets,
        clock: Clock,
    ) -> Following:
        """Return what follows a directory; `businesses` serves what is in it."""
        files = TenantFiles.open(engine, folder=settings.tenants_dir, clock=clock)
        return cls(
            directory,
            businesses,
            files=files,
            set_aside=SetAside(engine, clock=clock),
            secrets=secrets,
            commits=CommitWatch(engine),
        )

    async def begin(self) -> None:
        """Write what the files say now, and serve by the log from here on. Raises EventLogUnavailableError."""
        await asyncio.to_thread(self._files.write_changes)
        await self._take_over()

    async def go_on(self) -> None:
        """Follow until it is cancelled. A database that is away is told once, and nothing ends."""
        is_told = False
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await self._take_over()
            except EventLogUnavailableError as error:
                if not is_told:
                    log_event_log_unavailable(error.detail)
                is_told = True
            except Exception as error:  # noqa: BLE001 - whoever is served stays so, and the next look may succeed
                if not is_told:
                    log_unexpected_error(error)
                is_told = True
            else:
                is_told = False

    async def _take_over(self) -> None:
        prepared, unreadable = await asyncio.to_thread(self._look)
        self._businesses.note_unreadable(unreadable)
        if prepared:
            self._businesses.take_over(prepared)
            self._behind -= prepared.keys()
            log_following("businesses followed", tenants=sorted(prepared), sequence=self._directory.sequence)

    def _look(self) -> tuple[dict[str, Served], frozenset[str]]:
        if self._is_unsure or self._commits.has_changed():
            self._is_unsure = True
            self._behind |= self._directory.refresh()
            self._unreadable = frozenset(self._set_aside.subjects(Kind.BUSINESS) - self._directory.keys())
            self._is_unsure = False
        if self._count_looks % _SECRETS_AT_EACH == 0:
            self._behind |= self._secrets.refresh()
        self._count_looks += 1
        return (self._businesses.prepare(self._behind) if self._behind else {}), self._unreadable
