"""The businesses that are configured in the log, as they are now: follows new versions while it is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from frontdesk.core.tenant.configurations import Configuration, Configurations
from frontdesk.core.tenant.files import Files
from frontdesk.domains.tenancy.tenant import Tenant, read_documents


class TenantDirectory(Mapping[str, Tenant]):
    """Businesses by slug. Safe to read from several threads; a reader sees whole versions."""

    def __init__(self, configurations: Configurations) -> None:
        self._configurations = configurations
        self._lock = threading.Lock()
        self._sequence = 0
        self._files: Files[Tenant] = Files({}, {})

    @property
    def wrong(self) -> Mapping[str, str]:
        """What is wrong with the configurations that are, by slug: an upgrade may have made them so."""
        return self._files.wrong

    @property
    def sequence(self) -> int:
        """The newest version that is known, by its place in the log."""
        return self._sequence

    def refresh(self) -> frozenset[str]:
        """Take over the versions that are new; return whose they are. Raises EventLogUnavailableError."""
        with self._lock:
            versions = self._configurations.since(self._sequence) if self._sequence else self._all()
            if not versions:
                return frozenset()
            newest = {each.tenant_id: each for each in versions}
            documents = {slug: each.document for slug, each in newest.items() if each.document is not None}
            read = read_documents(documents)
            kept = {slug: tenant for slug, tenant in self._files.tenants.items() if slug not in newest}
            wrong = {slug: problem for slug, problem in self._files.wrong.items() if slug not in newest}
            tenants = dict(sorted({**kept, **read.tenants}.items()))
            self._files = Files(tenants, {**wrong, **read.wrong})
            self._sequence = max(each.sequence for each in versions)
            return frozenset(newest)

    def _all(self) -> list[Configuration]:
        return list(self._configurations.newest().values())

    def __getitem__(self, slug: str) -> Tenant:
        return self._files.tenants[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files.tenants)

    def __len__(self) -> int:
        return len(self._files.tenants)
