"""Makes a report: waits until the log is modelled, computes, archives, tells the log and those who get it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import duckdb
import orjson
from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError, FrontdeskError
from frontdesk.core.faults import is_of_machine
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.core.log.set_aside import Kind, SetAside, Step, reason_of
from frontdesk.core.progress import ProgressCallback
from frontdesk.core.published.connection import open_published
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.reports.archive import ReportArchive, ReportId
from frontdesk.domains.reports.computation import Provenance, compute_report
from frontdesk.domains.reports.document import Report
from frontdesk.domains.reports.facts import REPORT_COMPUTED
from frontdesk.domains.reports.html_page import to_html
from frontdesk.domains.reports.mails import mails_of
from frontdesk.domains.reports.pdf_file import to_pdf
from frontdesk.domains.reports.periods import Period, last_complete
from frontdesk.domains.reports.settings import ReportingBusiness
from frontdesk.domains.sending.outbox.commands import NewCommand, report_command_key
from frontdesk.domains.sending.outbox.outbox import Outbox

#: Families of our own events that no report tells of: they need not be modelled before one is made.
_OF_NO_REPORT = ("report", "alert")
_LOOKS_EVERY_SECONDS = 0.2

_MAKERS: Mapping[str, Callable[[Report], bytes]] = MappingProxyType(
    {
        "json": lambda report: report.to_json(),
        "html": to_html,
        "pdf": to_pdf,
    }
)


class NotModelledError(FrontdeskError):
    """The published file does not know all of the log; the detail says what to do."""

    http_status = 503
    title = "Models are behind the log"


@dataclass(frozen=True, kw_only=True)
class ReportMaker:
    """What reports of one home are made from. It only reads the published file, whoever writes it."""

    analytics_path: Path
    archive: ReportArchive
    engine: Engine  #: of the database of log and outbox
    log: EventLog
    outbox: Outbox
    dashboard_url: str  #: where browsers reach the dashboard
    clock: Clock
    models_fingerprint: str

    def make(
        self,
        tenant: ReportingBusiness,
        period: Period,
        *,
        patience_seconds: float,
        is_mailed: bool | None = None,
        progress: ProgressCallback | None = None,
    ) -> Report:
        """Return the report of a period by all that the log has now, besides reports and alerts.

        It is archived and told to the log.

        is_mailed: whether those who get reports get this one, each version once; None: if it is news, that is of
        the newest period that is over, of which nobody got a report yet. If nothing was logged since the newest
        version but reports, that version is the answer. Raises NotModelledError if the models do not reach the
        log's end of now in time, NoSuchPeriodError never: give a period that is over.
        """
        end = self.log.last_sequence_besides(FRONTDESK_SOURCE, families=_OF_NO_REPORT)
        self.wait_until_modelled(end, patience_seconds=patience_seconds, progress=progress)
        report = self.compute(tenant, period)
        known = self._same_version(report)
        # Also of a version that is there: whoever wrote it can have ended before telling, or without a file.
        made = known or report
        self._keep(made)
        self._tell(tenant, made, is_mailed=is_mailed)
        return made

    def _keep(self, report: Report) -> None:
        """Archive what is missing of a version; a page or PDF that can't be made is left out, the figures are not."""
        there = self.archive.endings_of(report.tenant_id, report.report_id)
        files: dict[str, bytes] = {}
        for ending, make in _MAKERS.items():
            subject = f"{report.report_id}/{ending}"
            if ending in there:
                continue
            try:
                files[ending] = make(report)
            except Exception as error:
                if is_of_machine(error) or ending == "json":
                    raise
                self._set_aside(report, subject, reason=reason_of(error))
            else:
                self.set_aside.let_in(Kind.REPORT, [subject], tenant_id=report.tenant_id)
        self.archive.write(report.tenant_id, report.report_id, files)
        for section in report.left_out:
            self._set_aside(report, f"{report.report_id}/{section}", reason="this section could not be computed")

    def _set_aside(self, report: Report, subject: str, *, reason: str) -> None:
        self.set_aside.note(Kind.REPORT, subject, step=Step.REPORTING, reason=reason, tenant_id=report.tenant_id)

    @property
    def set_aside(self) -> SetAside:
        """What is set aside in this home."""
        return SetAside(self.engine, clock=self.clock)

    def wait_until_modelled(
        self, sequence: int, *, patience_seconds: float, progress: ProgressCallback | None = None
    ) -> None:
        """Wait until the published file knows the log up to a sequence. Raises NotModelledError.

        Raises NothingPublishedError at once if there is no file: most likely this is not the home that was meant.
        """
        if not self.analytics_path.exists():
            raise NothingPublishedError.at(self.analytics_path)
        deadline = time.monotonic() + patience_seconds
        while (modelled := self._modelled_sequence()) < sequence:
            if progress:
                progress(modelled, sequence)
            if time.monotonic() >= deadline:
                raise NotModelledError(
                    f"{self.analytics_path} knows events up to {modelled}, the log has {sequence}; run "
                    "`frontdesk up`, or `frontdesk process --once`"
                )
            time.sleep(_LOOKS_EVERY_SECONDS)

    def compute(self, tenant: ReportingBusiness, period: Period) -> Report:
        """Return the report by what the published file knows; nothing is kept."""
        with open_published(self.analytics_path, limits={}) as connection:
            return compute_report(
                connection,
                tenant,
                period,
                provenance=Provenance(
                    log_sequence=read_modelled_sequence(connection),
                    models_fingerprint=self.models_fingerprint,
                    generated_at=self.clock.now(),
                ),
            )

    def _modelled_sequence(self) -> int:
        with open_published(self.analytics_path, limits={}) as connection:
            return read_modelled_sequence(connection)

    def _same_version(self, report: Report) -> Report | None:
        """Return the newest version if it says the same by the same models: another would tell nothing new."""
        versions = self._versions(report)
        if not versions:
            return None
        known = Report.model_validate_json(self.archive.read(report.tenant_id, versions[0], "json"))
        return known if says_the_same(known, report) else None

    def _versions(self, report: Report) -> list[ReportId]:
        return [each for each in self.archive.list_ids(report.tenant_id) if each.period == report.period]

    def _tell(self, tenant: ReportingBusiness, report: Report, *, is_mailed: bool | None) -> None:
        """Tell the log, and with it, in one transaction, those who get the report; both happen once."""
        mailed = self._mailed_versions(tenant, report)
        if is_mailed is None:
            is_mailed = not mailed and self._is_newest(tenant, report)
        event, mails = self._event_and_mails(
            tenant, report, has_mailed=any(each < report.report_id for each in mailed)
        )
        with translated_errors(EventLogUnavailableError, what="the event log"), writing(self.engine) as connection:
            if is_mailed:
                self.outbox.within(connection).enqueue(mails)
            self.log.append_within(connection, [event])

    def _is_newest(self, tenant: ReportingBusiness, report: Report) -> bool:
        zone = ZoneInfo(tenant.zone)
        return report.period == last_complete(report.kind, now=self.clock.now(), zone=zone)

    def _mailed_versions(self, tenant: ReportingBusiness, report: Report) -> list[ReportId]:
        """Return the versions of a report's period that somebody was to get."""

        def was_sent(version: ReportId, recipient: str) -> bool:
            key = report_command_key(tenant.slug, report_id=str(version), recipient=recipient)
            return self.outbox.find(key) is not None

        recipients = tenant.reports.recipients
        return [each for each in self._versions(report) if any(was_sent(each, one) for one in recipients)]

    def _event_and_mails(
        self, tenant: ReportingBusiness, report: Report, *, has_mailed: bool
    ) -> tuple[NewEvent, list[NewCommand]]:
        endings = self.archive.endings_of(report.tenant_id, report.report_id)
        files = {ending: self.archive.read(report.tenant_id, report.report_id, ending) for ending in endings}
        digests = {ending: sha256(content).hexdigest() for ending, content in files.items()}
        mails = mails_of(
            report,
            tenant,
            digests=digests,
            page_url=f"{self.dashboard_url.rstrip('/')}/reports?tenant={report.tenant_id}",
            due_at=self.clock.now(),
            is_newer_version=has_mailed,
        )
        return event_of(report, files=digests), list(mails)


def says_the_same(one: Report, other: Report) -> bool:
    """Tell whether two reports differ in nothing but when they were made and how much of the log was there."""
    versions = {"log_sequence": 0, "generated_at": one.generated_at}
    return one.model_copy(update=versions) == other.model_copy(update=versions)


def event_of(report: Report, *, files: dict[str, str]) -> NewEvent:
    """Return the event that tells of a report; the same version has the same id, so it is told once."""
    payload = orjson.dumps(
        {
            "report_id": str(report.report_id),
            "kind": report.kind,
            "period_start": report.period_start,
            "period_end": report.period_end,
            "log_sequence": report.log_sequence,
            "models_fingerprint": report.models_fingerprint,
            "figures": [figure.model_dump(exclude={"name", "is_higher_better"}) for figure in report.figures],
            "files": files,
        }
    )
    return own_event(
        REPORT_COMPUTED,
        payload,
        tenant_id=report.tenant_id,
        source_event_id=f"report/{report.report_id}",
        subject_id=str(report.report_id),
        now=report.generated_at,
    )


def read_modelled_sequence(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the newest sequence that a published file knows."""
    row = connection.execute("select modelled_sequence from reports.rpt_freshness").fetchone()
    return int(row[0]) if row else 0
