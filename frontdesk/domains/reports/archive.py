"""The archive of reports: files by tenant, kind, period and what was known; written whole, never overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from frontdesk.core.errors import FrontdeskError
from frontdesk.domains.reports.periods import Period, PeriodKind, period_of

#: Endings of a report's files; the JSON is the report, the others show it.
FORMATS = ("html", "pdf", "json")
_ID = re.compile(r"(weekly|monthly)-(\d{4}-\d{2}-\d{2})-(\d{1,18})")
_TENANT = re.compile(r"[a-z0-9][a-z0-9-]*")


class NoSuchReportError(FrontdeskError):
    """The archive has no report of this id; the detail says where to look."""

    http_status = 404
    title = "No such report"


class ArchiveConflictError(FrontdeskError):
    """The archive has other bytes for this version; the detail names the file."""

    http_status = 409
    title = "Report is already there"


@dataclass(frozen=True, slots=True, order=True)
class ReportId:
    """A version of a report: the period, and the newest event of the log that it knew of."""

    period: Period
    log_sequence: int

    def __str__(self) -> str:
        return f"{self.period.kind}-{self.period.start}-{self.log_sequence}"

    @classmethod
    def parse(cls, text: str) -> ReportId:
        """Read an id such as weekly-2026-03-02-1234. Raises NoSuchReportError if it can't be one."""
        matched = _ID.fullmatch(text)
        if matched:
            kind = PeriodKind(matched[1])
            with suppress(ValueError):
                period = Period(kind, date.fromisoformat(matched[2]))
                if period == period_of(period.start, kind):
                    return cls(period, int(matched[3]))
        raise NoSuchReportError(f"{text!r} is no report; ids look like weekly-2026-03-02-1234")


class ReportArchive:
    """The reports below one folder. Safe across processes: a file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, tenant_id: str, report_id: ReportId, files: Mapping[str, bytes]) -> None:
        """Keep a version's files by their ending; what is there with the same bytes stays.

        The JSON comes last: a report that is listed is whole. Raises ArchiveConflictError for other bytes.
        """
        for ending in sorted(files, key=lambda ending: ending == "json"):
            path = self._path(tenant_id, report_id, ending)
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_once(path, files[ending])

    def read(self, tenant_id: str, report_id: ReportId, ending: str) -> bytes:
        """Return one file's bytes. Raises NoSuchReportError."""
        try:
            return self._path(tenant_id, report_id, ending).read_bytes()
        except FileNotFoundError as error:
            raise NoSuchReportError(f"{tenant_id} has no report {report_id}; list them with report list") from error

    def read_written(self, tenant_id: str, report_id: str, ending: str) -> bytes:
        """Return one file's bytes by the version's id as text. Raises NoSuchReportError."""
        return self.read(tenant_id, ReportId.parse(report_id), ending)

    def endings_of(self, tenant_id: str, report_id: ReportId) -> list[str]:
        """Return which of a version's files are there."""
        return [ending for ending in FORMATS if self._path(tenant_id, report_id, ending).exists()]

    def list_ids(self, tenant_id: str) -> list[ReportId]:
        """Return the tenant's versions that are whole, by kind and period, the newest period first."""
        return sorted(self._ids(tenant_id), key=lambda each: (each.period.start, each.log_sequence), reverse=True)

    def _ids(self, tenant_id: str) -> Iterator[ReportId]:
        root = self._folder / _checked(tenant_id)
        for path in root.glob("*/*/*.json"):
            with suppress(NoSuchReportError):
                yield ReportId.parse("-".join((path.parts[-3], path.parts[-2], path.stem)))

    def _path(self, tenant_id: str, report_id: ReportId, ending: str) -> Path:
        if ending not in FORMATS:
            raise NoSuchReportError(f"reports are kept as {', '.join(FORMATS)}, not as {ending!r}")
        period = report_id.period
        folder = self._folder / _checked(tenant_id) / period.kind / period.start.isoformat()
        return folder / f"{report_id.log_sequence}.{ending}"


def _checked(tenant_id: str) -> str:
    if not _TENANT.fullmatch(tenant_id):
        raise NoSuchReportError(f"{tenant_id!r} is no business's slug")
    return tenant_id


def _write_once(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # unlike a rename, this never replaces what is there
    except FileExistsError as error:
        if path.read_bytes() != content:
            raise ArchiveConflictError(f"{path} has another content; versions are never overwritten") from error
    finally:
        draft.unlink()
