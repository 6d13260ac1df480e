"""A report is kept as it was: archived, told to the log, reproduced, compared with what is known later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import duckdb
import pytest

from frontdesk.core.log.set_aside import Kind
from frontdesk.core.published.connection import open_published
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.domains.reports import computation, report_maker
from frontdesk.domains.reports.archive import ArchiveConflictError, ReportId
from frontdesk.domains.reports.differences import find_late_events, pair_figures
from frontdesk.domains.reports.document import Report
from frontdesk.domains.reports.html_page import to_html
from frontdesk.domains.reports.pdf_file import to_pdf
from frontdesk.domains.reports.periods import Period, PeriodKind
from frontdesk.domains.reports.report_maker import NotModelledError
from frontdesk.domains.sending.outbox.commands import report_command_key
from frontdesk.domains.sending.settings import Delivery, EmailDelivery
from pipelines.reporting.reproducing import NotReproducibleError, reproduce
from tests.domains.reports.conftest import LATE, ReportingHome
from tests.domains.reports.history import TENANT, count_figures

NOVEMBER = Period(PeriodKind.MONTHLY, date(2026, 11, 1))


def test_a_home_where_nothing_was_published_is_told_at_once(reporting: ReportingHome, tmp_path: Path) -> None:
    maker = replace(reporting.maker, analytics_path=tmp_path / "analytics.duckdb")
    with pytest.raises(NothingPublishedError, match="set FRONTDESK_HOME to the home you mean"):
        maker.make(reporting.tenant, NOVEMBER, patience_seconds=3600)


def test_a_pdf_that_can_not_be_made_leaves_the_report_with_its_figures(
    reporting_behind: Callable[[], ReportingHome], monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting = reporting_behind()
    tenant = reporting.tenant.model_copy(
        update={
            "reports": reporting.tenant.reports.model_copy(update={"recipients": ("owner@example.com",)}),
            "delivery": Delivery(email=EmailDelivery(provider="graph", sender="desk@example.com")),
        }
    )

    def fail(_: Report) -> bytes:
        raise ValueError("a character that no font has")

    with monkeypatch.context() as patch:
        patch.setattr(report_maker, "_MAKERS", {**report_maker._MAKERS, "pdf": fail})
        made = reporting.maker.make(tenant, NOVEMBER, patience_seconds=0, is_mailed=True)
    assert reporting.maker.archive.endings_of(TENANT, made.report_id) == ["html", "json"]
    (aside,) = reporting.home.set_aside.read(Kind.REPORT)
    assert (aside.subject, aside.tenant_id) == (f"{made.report_id}/pdf", TENANT)
    key = report_command_key(TENANT, report_id=str(made.report_id), recipient="owner@example.com")
    mail = reporting.home.outbox.find(key)
    assert mail is not None
    assert mail.payload["attachments"] == []
    assert "The PDF could not be created this time." in mail.payload["text"]
    reporting.follow()

    again = reporting.maker.make(tenant, NOVEMBER, patience_seconds=0)
    assert again == made
    assert reporting.maker.archive.endings_of(TENANT, made.report_id) == ["html", "pdf", "json"]
    assert reporting.home.set_aside.read() == []


def test_a_section_that_can_not_be_computed_is_left_out_and_said_so(
    reporting: ReportingHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise duckdb.ConversionException("Conversion Error: that section")

    whole = reporting.report(NOVEMBER)
    monkeypatch.setattr(computation, "_stage_counts", fail)
    report = reporting.maker.compute(reporting.tenant, NOVEMBER)
    assert report.left_out == ("stages",)
    assert (report.figures, report.shares, report.credits) == (whole.figures, whole.shares, whole.credits)
    sentence = "Missing, because of an error: stages. The figures are complete."
    assert sentence in to_html(report).decode()
    assert to_pdf(report)


def test_what_arrives_late_makes_a_new_version_beside_the_old(
    reporting_behind: Callable[[], ReportingHome],
) -> None:
    reporting = reporting_behind()
    contacts = reporting.home.query("select count(*) from marts.dim_contacts")
    then = reporting.maker.make(reporting.tenant, NOVEMBER, patience_seconds=0)
    assert reporting.maker.make(reporting.tenant, NOVEMBER, patience_seconds=0) == then, (
        "its own event is not waited for"
    )
    reporting.follow()
    again = reporting.maker.make(reporting.tenant, NOVEMBER, patience_seconds=0)
    assert again == then, "the report's own event changes nothing"

    late = reporting.history.events[-LATE:]
    reporting.home.log.append(late)
    with pytest.raises(NotModelledError, match="frontdesk process --once"):
        reporting.maker.make(reporting.tenant, NOVEMBER, patience_seconds=0)
    reporting.follow()
    now = reporting.maker.make(reporting.tenant, NOVEMBER, patience_seconds=0)
    reporting.follow()

    assert reporting.maker.archive.list_ids(TENANT) == [now.report_id, then.report_id]
    stored = Report.model_validate_json(reporting.maker.archive.read(TENANT, then.report_id, "json"))
    assert stored == then
    assert reporting.home.query("select report_id, version_number from marts.fct_reports order by 2") == [
        (str(then.report_id), 1),
        (str(now.report_id), 2),
    ]
    expected = count_figures(
        reporting.history.noted, NOVEMBER, zone=reporting.zone, own_currency=reporting.tenant.currency
    )
    assert {(each.metric, each.currency): each.value for each in now.figures}.items() >= expected.items()
    differing = {pair.metric for pair in pair_figures(then, now) if pair.differs}
    assert "leads_new" in differing
    with open_published(reporting.home.analytics_path) as connection:
        told = find_late_events(connection, then)
    inside = [event for event in late if then.starts_at <= event.occurred_at < then.ends_at]
    assert len(told) == len(inside) > 0
    assert all(each.sequence > then.log_sequence and each.contact_name for each in told)
    assert reporting.home.query("select count(*) from marts.dim_contacts") > contacts
    assert reporting.home.query("select count(*) from marts.fct_timeline where type like 'report.%'") == [(0,)]


@pytest.mark.slow
def test_a_report_is_reproduced_from_what_was_known_then(reporting_behind: Callable[[], ReportingHome]) -> None:
    reporting = reporting_behind()
    then = reporting.maker.make(reporting.tenant, NOVEMBER, patience_seconds=0)
    reporting.home.log.append(reporting.history.events[-LATE:])
    reporting.follow()
    assert reporting.maker.make(reporting.tenant, NOVEMBER, patience_seconds=0) != then
    _reproduces(reporting, then)


def _reproduces(reporting: ReportingHome, then: Report) -> None:
    modeller = reporting.home.modeller()
    builder = modeller._builder
    done = reproduce(then, reporting.tenant, builder=builder, lock=modeller.lock)
    assert done.is_equal, done.differences
    assert done.have_models_changed, "the fixture's reports name another fingerprint"
    assert not list(reporting.home.folder.glob("reproduction-*"))
    with pytest.raises(NotReproducibleError, match="the log ends at"):
        reproduce(
            then.model_copy(update={"log_sequence": 10**9}),
            reporting.tenant,
            builder=builder,
            lock=modeller.lock,
        )


@pytest.mark.slow
def test_a_tampered_report_is_found_out_and_a_rebuild_knows_every_version(
    reporting_behind: Callable[[], ReportingHome],
) -> None:
    reporting = reporting_behind()
    then = reporting.maker.make(reporting.tenant, NOVEMBER, patience_seconds=0)
    reporting.follow()
    assert reporting.home.modeller().verify() == [], "fct_reports too is what a rebuild gives"
    tampered = then.model_copy(
        update={"figures": (then.figures[0].model_copy(update={"value": 99}), *then.figures[1:])}
    )
    modeller = reporting.home.modeller()
    found = reproduce(tampered, reporting.tenant, builder=modeller._builder, lock=modeller.lock)
    assert [pair.metric for pair in found.differences] == [then.figures[0].metric]


def test_the_same_inputs_give_the_same_bytes(reporting: ReportingHome) -> None:
    one, other = (reporting.maker.compute(reporting.tenant, NOVEMBER) for _ in range(2))
    for make in (Report.to_json, to_html, to_pdf):
        assert make(one) == make(other)


def test_a_report_of_the_format_before_is_still_read(reporting: ReportingHome) -> None:
    report = reporting.maker.compute(reporting.tenant, NOVEMBER)
    assert report.stages
    document = report.model_dump(mode="json", exclude={"stages", "credits", "revenue"}) | {"format_version": 1}
    old = Report.model_validate(document)
    assert (old.stages, old.credits, old.revenue, old.figures) == ((), None, (), report.figures)
    assert "Stages: " not in to_html(old).decode()


def test_the_page_needs_nothing_else_and_escapes_what_people_wrote(reporting: ReportingHome) -> None:
    report = reporting.maker.compute(reporting.tenant, NOVEMBER).model_copy(update={"business": "A <b>& Co"})
    page = to_html(report).decode()
    assert page.count("<svg") >= 3
    assert "A &lt;b&gt;&amp; Co" in page
    assert "<script" not in page
    assert " src=" not in page
    assert "November 2026" in page
    assert "Sun 1 November to Mon 30 November 2026" in page


def test_the_archive_never_overwrites(reporting: ReportingHome) -> None:
    report = reporting.maker.make(reporting.tenant, Period(PeriodKind.WEEKLY, date(2026, 3, 2)), patience_seconds=0)
    archive = reporting.maker.archive
    with pytest.raises(ArchiveConflictError):
        archive.write(TENANT, report.report_id, {"json": b"{}"})
    assert archive.read(TENANT, report.report_id, "pdf").startswith(b"%PDF")
    assert ReportId.parse(str(report.report_id)) == report.report_id
    event = reporting.home.log.read_by_source_ids(TENANT, "frontdesk", [f"report/{report.report_id}"])[0]
    digest = sha256(archive.read(TENANT, report.report_id, "html")).hexdigest()
    assert digest.encode() in event.payload
