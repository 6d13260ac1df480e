"""Writes what businesses' files say into the log: at start, and when a file changes."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.set_aside import Kind, SetAside, Step
from frontdesk.core.tenant.configurations import Configuration, Configurations
from frontdesk.domains.catalogue.public_holidays import check_holidays
from frontdesk.domains.tenancy.directory import open_configurations
from frontdesk.domains.tenancy.tenant import look_at

#: What is looked at to see whether a file changed: when it was written, and its size.
_State = tuple[int, int]


class TenantFiles:
    """The files of one folder. A wrong file changes nothing: the version before it stays in force."""

    def __init__(self, folder: Path, *, configurations: Configurations, set_aside: SetAside) -> None:
        self._folder = folder
        self._configurations = configurations
        self._set_aside = set_aside
        self._seen: dict[str, _State] = {}

    @classmethod
    def open(cls, engine: Engine, *, folder: Path, clock: Clock | None = None) -> TenantFiles:
        """Return a folder's files, to be written into the database of an engine, whose tables are there."""
        clock = clock or SystemClock()
        configurations = open_configurations(engine, clock=clock)
        return cls(folder, configurations=configurations, set_aside=SetAside(engine, clock=clock))

    def write_changes(self) -> frozenset[str]:
        """Append a version for each file that says something else than it did last; return whose.

        What sign-up or a settings page wrote since stands until the file itself is changed.
        A file that is gone removes its business, if a file wrote it; of a folder without files nothing is removed:
        it may not be mounted. What is wrong is noted among what is set aside. Raises EventLogUnavailableError.
        """
        states = _states(self._folder)
        if states == self._seen or not states:
            return frozenset()
        changed = {slug for slug, state in states.items() if self._seen.get(slug) != state}
        in_force = self._configurations.newest()
        written = {slug for slug in sorted(changed) if self._write(slug, in_force.get(slug))}
        for slug, known in in_force.items():
            if slug not in states and known.document is not None and known.written_by == _writer(slug):
                self._configurations.remove(slug, by=_writer(slug))
                written.add(slug)
        self._set_aside.let_in(Kind.BUSINESS, self._set_aside.subjects(Kind.BUSINESS) - states.keys())
        self._seen = states
        return frozenset(written)

    def _write(self, slug: str, in_force: Configuration | None) -> bool:
        """Append what a file says; tell whether that was new."""
        found = look_at(self._folder / f"{slug}.yaml")
        if found.problem:
            self._set_aside.note(Kind.BUSINESS, slug, step=Step.CONFIGURATION, reason=found.problem, tenant_id=slug)
        else:
            self._set_aside.let_in(Kind.BUSINESS, [slug])
        # Nothing better is known of a new business: it is served without what is wrong.
        is_first = in_force is None or in_force.document is None
        if found.content is None or found.business is None or (found.problem and not is_first):
            return False
        try:
            if self._configurations.wrote_last(slug, found.content, by=_writer(slug)):
                return False
            check_holidays(found.business)
            return self._configurations.write(slug, found.content, by=_writer(slug)) is not None
        except ConfigurationError as error:
            self._set_aside.note(Kind.BUSINESS, slug, step=Step.CONFIGURATION, reason=error.detail, tenant_id=slug)
            return False


def _writer(slug: str) -> str:
    return f"the file {slug}.yaml"


def _states(folder: Path) -> dict[str, _State]:
    states = {}
    for file in sorted(folder.glob("*.yaml")):
        try:
            state = file.stat()
        except OSError:  # taken away just now
            continue
        states[file.stem] = (state.st_mtime_ns, state.st_size)
    return states
