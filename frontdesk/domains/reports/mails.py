"""The e-mails that a new version of a report goes out by: one command for each of those who get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from frontdesk.domains.reports import layout
from frontdesk.domains.reports.document import Figure, Report
from frontdesk.domains.reports.layout import headline_figures
from frontdesk.domains.reports.periods import PeriodKind
from frontdesk.domains.reports.settings import ReportingBusiness
from frontdesk.domains.sending.outbox.commands import Channel, MessageClass, NewCommand, report_command_key

#: Later than this a report is no news; it stays in the archive.
_GOES_OUT_WITHIN = timedelta(days=7)


def mails_of(
    report: Report,
    tenant: ReportingBusiness,
    *,
    digests: Mapping[str, str],
    page_url: str,
    due_at: datetime,
    is_newer_version: bool,
) -> Iterator[NewCommand]:
    """Yield a command for each recipient of the tenant's file; none if it has no way to send e-mails.

    digests: SHA-256 of the archived files by ending; what goes out is exactly that PDF, or none if there is none.
    page_url: of the dashboard's page of reports. is_newer_version: an older one of the period went out.
    """
    provider = tenant.delivery.provider_of(Channel.EMAIL)
    if provider is None:
        return
    report_id = str(report.report_id)
    has_pdf = "pdf" in digests
    period = period_phrase(report)
    payload = {
        "report_id": report_id,
        "subject": f"{report.business}: {period}{', new version' if is_newer_version else ''}",
        "text": text_of(report, page_url=page_url, is_newer_version=is_newer_version, has_pdf=has_pdf),
        "attachments": [
            {
                "report_id": report_id,
                "format": "pdf",
                "sha256": digests["pdf"],
                "name": f"{report.tenant_id}-{report.kind}-{report.period_start}.pdf",
                "type": "application/pdf",
            }
        ]
        if has_pdf
        else [],
    }
    for recipient in tenant.reports.recipients:
        yield NewCommand(
            tenant_id=report.tenant_id,
            command_key=report_command_key(report.tenant_id, report_id=report_id, recipient=recipient),
            command_type="send_email",
            channel=Channel.EMAIL,
            provider=provider,
            # The business's own mail: nobody's consent is needed, and no quiet hours hold it.
            message_class=MessageClass.TRANSACTIONAL,
            due_at=due_at,
            expires_at=due_at + _GOES_OUT_WITHIN,
            payload={"to": recipient, **payload},
        )


def period_phrase(report: Report) -> str:
    """Return the period as in a subject: `week of 16 November`, `November 2026`."""
    if report.kind is PeriodKind.MONTHLY:
        return layout.title_words(report)
    return f"week of {report.period_start.day} {report.period_start:%B}"


def text_of(report: Report, *, page_url: str, is_newer_version: bool, has_pdf: bool = True) -> str:
    """Return the words of the e-mail: the figures that matter most, and where all of them are."""
    lines = [f"{report.business}: {layout.title_words(report)}", f"{layout.days_words(report)} ({report.zone})", ""]
    if is_newer_version:
        lines += ["This is a new version of a report that you have. It includes events that arrived later.", ""]
    lines += [_line(each) for each in headline_figures(report)]
    lines += [
        "",
        "All figures, charts and tables are in the PDF."
        if has_pdf
        else "The PDF could not be created this time. All figures, charts and tables are on the Reports page.",
        f"This report beside the figures of today: {page_url}",
    ]
    return "\n".join(lines) + "\n"


def _line(figure: Figure) -> str:
    value = layout.value_words(figure.value, unit=figure.unit, currency=figure.currency)
    change = layout.change_words(figure)
    return f"{figure.name}: {value}" + ("" if change == layout.MISSING else f" ({_unbracketed(change)})")


def _unbracketed(change: str) -> str:
    """Write `+3 (+12%)` as `+3, +12%`, since it stands in brackets itself."""
    return change.replace(" (", ", ").replace(")", "")
