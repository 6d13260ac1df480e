"""The archive of reports over /v1: each business sees its own, and no path leads elsewhere."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from core.reports.archive import ReportArchive, ReportId
from core.reports.periods import Period, PeriodKind
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Answer, Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT

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
