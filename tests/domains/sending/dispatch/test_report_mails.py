"""A report reaches each of those who get it once, with its PDF, by the real dispatcher: SMTP and Graph."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from frontdesk.connectors.answers import Refused
from frontdesk.connectors.content import Attachment, Letter
from frontdesk.connectors.microsoft_graph.deliver import GraphDeliverer
from frontdesk.domains.reports.archive import ReportArchive
from frontdesk.domains.reports.document import Report
from frontdesk.domains.reports.periods import Period, PeriodKind
from frontdesk.domains.reports.settings import ReportSettings
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.tenancy.tenant import Tenant
from tests.clocks import SetClock
from tests.domains.reports.conftest import LATE, ReportingHome, open_reporting_home
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, open_sending
from tests.domains.sending.dispatch.standins import StandIns
from tests.domains.sending.dispatch.test_deliverers import KEY, graph
from tests.pipelines.homes import HomeFactory

OCTOBER, NOVEMBER = (Period(PeriodKind.MONTHLY, date(2026, month, 1)) for month in (10, 11))
#: The clock of these tests: November is the newest month that is over.
DECEMBER = datetime(2026, 12, 1, 9, tzinfo=UTC)
OWNER, BOOKKEEPER = "owner@elsewhere.example", "books@elsewhere.example"


@pytest.fixture(scope="module")
def reporting(homes: HomeFactory) -> ReportingHome:
    reporting = open_reporting_home(homes, late=LATE)
    assert isinstance(reporting.home.clock, SetClock)
    reporting.home.clock.instant = DECEMBER
    return reporting


@pytest.fixture
def sending_at(reporting: ReportingHome, standins: StandIns) -> Iterator[SendingFixture]:
    with open_sending(standins, reporting.home.folder, clock=reporting.home.clock) as sending:
        yield sending


def tenant_of(reporting: ReportingHome, slug: str, *recipients: str) -> Tenant:
    settings = ReportSettings(recipients=recipients)
    return reporting.home.tenants[slug].model_copy(update={"reports": settings})


def make(
    reporting: ReportingHome, tenant: Tenant, period: Period = NOVEMBER, *, is_mailed: bool | None = None
) -> Report:
    reporting.follow()
    return reporting.maker.make(tenant, period, patience_seconds=0, is_mailed=is_mailed)


def arrived(standins: StandIns) -> list[tuple[str, str]]:
    return [(entry["recipient"], entry["subject"]) for entry in standins.entries()]


def sha256_of_pdf(reporting: ReportingHome, report: Report) -> str:
    return sha256(reporting.maker.archive.read(report.tenant_id, report.report_id, "pdf")).hexdigest()


def test_each_version_arrives_once_with_its_pdf_by_smtp(
    reporting: ReportingHome, sending_at: SendingFixture, standins: StandIns
) -> None:
    contacts = reporting.home.query("select count(*) from marts.dim_contacts")
    owner = tenant_of(reporting, "mikes-detailing", OWNER, BOOKKEEPER)
    first = make(reporting, owner)
    sending_at.dispatcher.dispatch_due()
    # Asked for again: nothing new goes out, also to who was not told then.
    make(reporting, tenant_of(reporting, "mikes-detailing", OWNER, BOOKKEEPER, "late@elsewhere.example"))
    sending_at.dispatcher.dispatch_due()

    subject = "Mike's Detailing: November 2026"
    assert sorted(arrived(standins)) == [(BOOKKEEPER, subject), (OWNER, subject)]
    [entry, _] = standins.entries()
    assert entry["attachments"] == [
        {
            "name": "mikes-detailing-monthly-2026-11-01.pdf",
            "type": "application/pdf",
            "size": len(reporting.maker.archive.read(first.tenant_id, first.report_id, "pdf")),
            "sha256": sha256_of_pdf(reporting, first),
        }
    ]
    revenue = first.find("revenue_received", currency="USD")
    assert revenue is not None
    assert revenue.value is not None
    assert f"Revenue received: USD {revenue.value / 100:,.2f}" in entry["text"]
    assert "http://127.0.0.1:8501/reports?tenant=mikes-detailing" in entry["text"]
    told = [event for event in reporting.home.log.read_after(0, limit=10_000) if event.type == "report.sent"]
    assert [event.subject_id for event in told] == [str(first.report_id)] * 2
    assert reporting.home.query("select count(*) from marts.dim_contacts") == contacts, (
        "who gets reports is no contact"
    )
    assert reporting.home.query("select count(*) from marts.fct_quarantined_events") == [(0,)]

    reporting.home.log.append(reporting.history.events[-LATE:])
    second = make(reporting, owner)
    sending_at.dispatcher.dispatch_due()
    assert second.report_id != first.report_id
    assert len(arrived(standins)) == 2, "a corrected report goes out to nobody who has one, unless asked to"
    make(reporting, owner, is_mailed=True)
    sending_at.dispatcher.dispatch_due()

    assert sorted(arrived(standins)[2:]) == [
        (BOOKKEEPER, f"{subject}, new version"),
        (OWNER, f"{subject}, new version"),
    ]
    assert standins.entries()[-1]["attachments"][0]["sha256"] == sha256_of_pdf(reporting, second)


@pytest.mark.slow
def test_a_rebuild_mails_no_report_again(
    reporting: ReportingHome, sending_at: SendingFixture, standins: StandIns
) -> None:
    owner = tenant_of(reporting, "mikes-detailing", OWNER)
    make(reporting, owner, OCTOBER, is_mailed=True)  # a month that no other test here makes of this business
    sending_at.dispatcher.dispatch_due()
    before = arrived(standins)
    reporting.home.modeller().rebuild(with_tests=False)
    make(reporting, owner, OCTOBER, is_mailed=True)
    sending_at.dispatcher.dispatch_due()
    assert arrived(standins) == before
    assert len(before) == 1


def test_a_backfill_mails_nobody_but_for_the_newest_period_and_where_it_is_asked_to(
    reporting: ReportingHome, sending_at: SendingFixture, standins: StandIns
) -> None:
    owner = tenant_of(reporting, "avatar-imaging", OWNER)
    kept = make(reporting, owner, is_mailed=False)
    made = {period: make(reporting, owner, period) for period in (OCTOBER.previous, OCTOBER, NOVEMBER)}
    sending_at.dispatcher.dispatch_due()
    subject = "Avatar Imaging: November 2026"
    assert made[NOVEMBER] == kept
    assert arrived(standins) == [(OWNER, subject)], "made before without telling anybody, it is still news"

    again = make(reporting, owner, OCTOBER, is_mailed=True)
    make(reporting, owner, OCTOBER, is_mailed=True)
    sending_at.dispatcher.dispatch_due()
    assert again == made[OCTOBER]
    assert arrived(standins)[1:] == [(OWNER, "Avatar Imaging: October 2026")]


def test_it_arrives_by_graph(reporting: ReportingHome, sending_at: SendingFixture, standins: StandIns) -> None:
    report = make(reporting, tenant_of(reporting, "noizylab", OWNER))
    sending_at.dispatcher.dispatch_due()

    [entry] = standins.entries()
    assert (entry["provider"], entry["recipient"]) == ("graph", OWNER)
    assert [(file["type"], file["sha256"]) for file in entry["attachments"]] == [
        ("application/pdf", sha256_of_pdf(reporting, report))
    ]


@pytest.mark.parametrize(
    ("slug", "damage", "told"),
    [
        ("hmnp", Path.unlink, "can't be read from the archive"),
        ("joes-auto-spa", lambda file: file.write_bytes(b"%PDF"), "its SHA-256 is another"),
    ],
)
def test_without_the_archived_file_nothing_goes_out(
    reporting: ReportingHome, sending_at: SendingFixture, slug: str, damage: Any, told: str
) -> None:
    report = make(reporting, tenant_of(reporting, slug, OWNER))
    [file] = (reporting.home.folder / "reports" / slug).rglob("*.pdf")
    damage(file)
    sending_at.dispatcher.dispatch_due()

    known = sending_at.known(f"{slug}/report/send_email/{report.report_id}/{OWNER}")
    assert known.state is CommandState.DEAD
    assert known.reason is not None
    assert told in known.reason
    assert known.attempts == (), "the mail server was not called"


def test_a_report_that_nobody_could_send_for_a_week_stays_in_the_archive(
    reporting: ReportingHome, standins: StandIns
) -> None:
    report = make(reporting, tenant_of(reporting, "technifold", OWNER))
    later = SetClock(reporting.home.clock.now() + timedelta(days=7))
    with open_sending(standins, reporting.home.folder, clock=later) as sending:
        sending.dispatcher.dispatch_due()
        known = sending.known(f"technifold/report/send_email/{report.report_id}/{OWNER}")
    assert known.state is CommandState.SUPPRESSED
    assert ReportArchive(reporting.home.folder / "reports").list_ids("technifold") == [report.report_id]


def test_graph_is_not_asked_to_take_more_than_it_takes(standins: StandIns) -> None:
    deliverer, letter = graph(standins, standins.url)
    assert isinstance(deliverer, GraphDeliverer)
    assert isinstance(letter, Letter)
    large = Attachment(name="a.pdf", media_type="application/pdf", content=bytes(3_000_000))
    answer = deliverer.deliver(
        KEY, Letter(to=letter.to, sender=letter.sender, subject="A", text="A", attachments=(large,))
    )
    assert isinstance(answer, Refused)
    assert answer.is_permanent
    assert standins.entries() == []
