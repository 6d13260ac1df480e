"""The archive of reports over /v1: each business sees its own, and no path leads elsewhere."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.reports.archive import ReportArchive, ReportId
from frontdesk.domains.reports.make_command import ReportNotMadeError, make_report
from frontdesk.domains.reports.periods import Period, PeriodKind
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.core.running.answering_command import frontdesk
from tests.pipelines.homes import HomeFactory
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Answer, Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT
from tests.webhooks.staff import add, ask, token_of
from webhooks.api import reports
from webhooks.app import create_app

WEEK = ReportId(Period(PeriodKind.WEEKLY, date(2026, 3, 2)), 12)
MONTH = ReportId(Period(PeriodKind.MONTHLY, date(2026, 3, 1)), 15)
FOREIGN = ReportId(Period(PeriodKind.MONTHLY, date(2026, 2, 1)), 9)


@pytest.fixture
def receiver(start: StartReceiver, tmp_path: Path) -> RunningReceiver:
    archive = ReportArchive(tmp_path / "reports")
    for report_id in (WEEK, MONTH):
        archive.write(TENANT, report_id, {"json": b"{}", "html": b"<html></html>", "pdf": b"%PDF-1"})
    archive.write("another-business", FOREIGN, {"json": b"{}", "html": b"", "pdf": b""})
    return start()


def get(receiver: RunningReceiver, path: str, *, query: str = "") -> Answer:
    return receiver.send(Post(f"/v1/{path}", headers={"x-api-key": OWNER_KEY}, query=query, method="GET"))


def test_the_list_is_of_one_business_newest_period_first(receiver: RunningReceiver) -> None:
    listed = get(receiver, "reports").json()["reports"]
    assert [each["report_id"] for each in listed] == [str(WEEK), str(MONTH)]
    assert listed[0] == {
        "report_id": "weekly-2026-03-02-12",
        "kind": "weekly",
        "period_start": "2026-03-02",
        "period_end": "2026-03-09",
        "log_sequence": 12,
    }
    assert len(get(receiver, "reports", query="kind=monthly").json()["reports"]) == 1


@pytest.mark.parametrize(
    ("ending", "media_type", "content"),
    [("pdf", "application/pdf", b"%PDF-1"), ("html", "text/html; charset=utf-8", b"<html></html>")],
)
def test_a_file_is_what_the_archive_has(
    receiver: RunningReceiver, ending: str, media_type: str, content: bytes
) -> None:
    answer = get(receiver, f"reports/{WEEK}.{ending}")
    assert (answer.status, answer.body) == (200, content)
    assert answer.headers["content-type"] == media_type
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{FOREIGN}.pdf", 404),
        ("weekly-2026-03-03-12.pdf", 404),
        ("weekly-2026-03-02-13.pdf", 404),
        ("..%2F..%2Ffrontdesk.pdf", 404),
        (f"{WEEK}.exe", 422),
    ],
)
def test_nothing_else_is_found(receiver: RunningReceiver, path: str, status: int) -> None:
    assert get(receiver, f"reports/{path}").status == status


def test_a_stranger_sees_nothing(receiver: RunningReceiver) -> None:
    assert receiver.send(Post(f"/v1/reports/{WEEK}.pdf", method="GET")).status == 401


def make(receiver: RunningReceiver, *, token: str = OWNER_KEY, **body: Any) -> Answer:
    return ask(receiver, "POST", "reports", token=token, body=body)


def test_a_report_is_made_by_the_real_command_and_can_be_downloaded(homes: HomeFactory) -> None:
    home = homes.new_home()
    with home.modeller().opened():
        pass
    settings = Settings(home=home.folder)
    secrets = Secrets({"FRONTDESK_AVATAR_IMAGING_OWNER_API_KEY": OWNER_KEY})
    app = create_app(settings, engine=home.engine, secrets=secrets, tenants=home.tenants, clock=home.clock)
    receiver = RunningReceiver(app)
    receiver.start()
    try:
        made = make(receiver, kind="weekly", start="2026-03-02", mail=False)
        assert (made.status, made.json()["is_new"]) == (201, True), made.body
        report_id = made.json()["report_id"]
        assert report_id.startswith("weekly-2026-03-02-")
        assert get(receiver, f"reports/{report_id}.pdf").body.startswith(b"%PDF")
        with home.modeller().opened() as modeller:
            modeller.follow_to_end()
        again = make(receiver, kind="weekly", start="2026-03-02")
        assert (again.status, again.json()) == (200, made.json() | {"is_new": False})
    finally:
        receiver.end()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"kind": "weekly", "start": "2026-03-03"}, "part of the one of 2026-03-02"),
        ({"kind": "monthly", "start": "2199-12-01"}, "is not over"),
        ({"kind": "weekly", "start": "soon"}, "start"),
        ({"kind": "daily", "start": "2026-03-02"}, "kind"),
    ],
)
def test_only_periods_that_are_over_are_made(receiver: RunningReceiver, body: dict[str, str], told: str) -> None:
    answer = make(receiver, **body)
    assert answer.status == 422
    assert told in answer.body.decode()


def test_one_report_at_a_time(receiver: RunningReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    is_running, may_end = Event(), Event()

    def make_slowly(*_: object, **__: object) -> ReportId:
        is_running.set()
        assert may_end.wait(10)
        return WEEK

    monkeypatch.setattr(reports, "make_report", make_slowly)
    first = Thread(target=make, args=(receiver,), kwargs={"kind": "weekly", "start": "2026-03-02"})
    first.start()
    try:
        assert is_running.wait(10)
        assert make(receiver, kind="weekly", start="2026-03-02").status == 429
    finally:
        may_end.set()
        first.join(10)
    assert make(receiver, kind="weekly", start="2026-03-02").json()["is_new"] is False


def test_making_needs_an_admin(start: StartReceiver, directory: StaffDirectory) -> None:
    receiver = start()
    assert make(receiver, token="nobodys", kind="weekly", start="2026-03-02").status == 401
    tess = token_of(receiver, add(directory, Role.TECH))
    assert make(receiver, token=tess, kind="weekly", start="2026-03-02").status == 403


def test_what_the_command_complains_of_is_told(tmp_path: Path) -> None:
    command = frontdesk(tmp_path, "echo 'Models are behind the log: run frontdesk up' >&2; exit 1")
    with pytest.raises(ReportNotMadeError, match="Models are behind the log: run frontdesk up"):
        make_report(WEEK.period, tenant_id=TENANT, is_mailed=True, command=command)
    with pytest.raises(ReportNotMadeError, match="can't be run"):
        make_report(WEEK.period, tenant_id=TENANT, is_mailed=None, command=tmp_path / "nothing")
