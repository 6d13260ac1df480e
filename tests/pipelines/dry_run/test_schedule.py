"""`frontdesk dry-run --schedule`: a Monday of one clinic, counted by hand, by its own file and by other ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from frontdesk.core.cli import build_app
from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Request
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.identity.facts import ContactPayload
from tests.clocks import SetClock
from tests.pipelines.dry_run.drafts import draft_of
from tests.pipelines.facts import TENANT, fact
from tests.pipelines.homes import NOW, Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

FILE = REPOSITORY / "tenants" / f"{TENANT}.yaml"
DryRun = Callable[..., Result]
#: A Monday, 10:00 in Perth.
TEN = datetime.fromisoformat("2026-11-30T10:00:00+08:00")
HOUR = timedelta(hours=1)
ANA = ContactPayload(phone="+61400000001", name="Ana Lee")
BY = Request(by="Bea")

WITHOUT_MEI = ("  - {key: mei, name: Mei Lin, skills: [radiography]}\n", "")
SHORTER_MONDAY = ('monday: [{opens: "08:00", closes: "17:30"}]', 'monday: [{opens: "10:00", closes: "12:00"}]')


def _elsewhere(booking_id: str, service: str, starts_at: str, **more: str) -> NewEvent:
    payload: dict[str, Any] = {
        "booking_id": booking_id,
        "contact": {"phone": "+61400000002"},
        "service": service,
        "starts_at": starts_at,
        **more,
    }
    return fact("booking.created", payload, event_id=booking_id, source="acuity")


ELSEWHERE = (
    _elsewhere("a-monday", "Ultrasound", "2026-11-30T10:00:00+08:00", staff="Priya Nair"),
    _elsewhere("a-sunday", "Ultrasound", "2026-11-29T10:00:00+08:00"),
    _elsewhere("a-day", "Ultrasound", "2026-11-30"),
    _elsewhere("a-massage", "Massage", "2026-11-30T15:00:00+08:00", ends_at="2026-11-30T16:00:00+08:00", staff="mei"),
)


@pytest.fixture(scope="module")
def home(homes: HomeFactory) -> Home:
    """A clinic with four bookings of its own for that Monday, one of them cancelled, and four from elsewhere."""
    home = homes.new_home()
    clock = SetClock(NOW)
    bookings = Bookings(home.engine, log=home.log, clock=clock, ids=home.ids)
    clinic = home.tenants[TENANT]

    def book(service_key: str, hours: int) -> str:
        clock.advance(minutes=1)
        wish = Wish(service_key=service_key)
        known = bookings.create(clinic, wish, starts_at=TEN + hours * HOUR, contact=ANA, request=BY)
        return known.booking.booking_id

    book("mri", 0)  # Tom
    book("xray", 0)  # Mei, since Tom has the MRI
    moved, gone = book("ct", 1), book("ct", 4)
    bookings.reschedule(clinic, moved, starts_at=TEN + 3 * HOUR, request=BY)
    bookings.cancel(clinic, gone, request=BY)
    home.follow_in_batches([list(ELSEWHERE)])
    return home


@pytest.fixture
def dry_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> DryRun:
    """Return what types `frontdesk dry-run --schedule` and these words in the home."""
    monkeypatch.setenv("FRONTDESK_HOME", str(home.folder))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(REPOSITORY / "tenants"))
    monkeypatch.setenv("FRONTDESK_DBT_PROJECT_DIR", str(REPOSITORY / "dbt_project"))

    def run(file: Path, *words: str) -> Result:
        return CliRunner().invoke(build_app(), ["dry-run", "--schedule", str(file), *words])

    return run


def tried(dry_run: DryRun, file: Path, *words: str) -> Any:
    result = dry_run(file, "--json", *words)
    assert result.exit_code == 0, (result.output, result.exception)
    return orjson.loads(result.output)


def draft(folder: Path, *changes: tuple[str, str]) -> Path:
    return draft_of(FILE, folder, *changes)


def monday_of(report: Any, resource: str) -> tuple[int, int, int, int]:
    [row] = [row for row in report["usage"] if (row["resource"], row["weekday"]) == (resource, "monday")]
    return row["before_booked"], row["before_open"], row["after_booked"], row["after_open"]


def test_the_file_in_force_changes_nothing(dry_run: DryRun) -> None:
    report = tried(dry_run, FILE)

    assert (report["has_changes"], report["changed"]) == (False, [])
    assert report["count_tried"] == 5
    assert report["days"] == ["2026-11-29", "2026-11-30"]
    # MRI 45 and CT 30; an X-ray of 15 and the massage; the ultrasound. Open from 8:00 to 17:30.
    assert monday_of(report, "person:tom") == (75, 570, 75, 570)
    assert monday_of(report, "person:mei") == (75, 570, 75, 570)
    assert monday_of(report, "person:priya") == (30, 570, 30, 570)
    assert monday_of(report, "room:xray") == (15, 570, 15, 570)
    assert dry_run(FILE, "--fail-on-change").exit_code == 0


def test_without_one_person_what_she_did_has_nobody(dry_run: DryRun, tmp_path: Path) -> None:
    report = tried(dry_run, draft(tmp_path, WITHOUT_MEI))

    [lost] = report["changed"]
    assert (lost["change"], lost["service_key"], lost["starts_at"]) == ("lost", "xray", "2026-11-30T02:00:00Z")
    assert lost["before"] == {"resources": ["person:mei", "room:xray"], "refusal": None}
    assert lost["after"] == {"resources": [], "refusal": "taken"}
    assert (report["count_lost"], report["count_gained"], report["count_reassigned"]) == (1, 0, 0)
    assert monday_of(report, "person:mei") == (75, 570, 0, 0)
    assert monday_of(report, "room:xray") == (15, 570, 0, 570)


def test_shorter_hours_lose_what_lies_outside_them(dry_run: DryRun, tmp_path: Path) -> None:
    report = tried(dry_run, draft(tmp_path, SHORTER_MONDAY))

    assert [(each["service_key"], each["after"]["refusal"]) for each in report["changed"]] == [
        ("ct", "outside_hours")
    ]
    assert monday_of(report, "person:tom") == (75, 570, 45, 120)


def test_what_is_not_known_and_taken_for_granted_is_told(dry_run: DryRun) -> None:
    report = tried(dry_run, FILE)

    assert [each["booking_id"] for each in report["fit_neither"]] == ["a-sunday"]
    assert report["kept"] == ["a-massage"]
    assert report["refused_then_served"] is None
    assert report["notes"] == [
        "left out, as if they had never been: 1 bookings that were cancelled or declined",
        "left out: 1 bookings without a time of day",
        "bookings of what is not booked here by either file, which take the time of whom they name all the same: 1",
        "bookings that do not fit by the file in force either, and are in no use: 1",
        "bookings made elsewhere, not held to notice, horizon and offered starts: 2",
        "bookings that were moved since, tried at their newest start and not held to these either: 1",
    ]


def test_since_is_the_day_on_which_bookings_begin(dry_run: DryRun) -> None:
    report = tried(dry_run, FILE, "--since", "2026-11-30")

    assert (report["count_tried"], report["fit_neither"]) == (4, [])
    assert tried(dry_run, FILE, "--since", "2026-12-01")["count_tried"] == 0


def test_it_is_the_same_to_the_byte(dry_run: DryRun, tmp_path: Path) -> None:
    file = draft(tmp_path, WITHOUT_MEI)

    assert dry_run(file, "--json").output == dry_run(file, "--json").output


def test_it_is_shown_on_a_terminal(dry_run: DryRun, tmp_path: Path) -> None:
    result = dry_run(draft(tmp_path, WITHOUT_MEI), "--fail-on-change")

    assert result.exit_code == 1
    for words in (
        "1 would not fit",
        "Mon 2026-11-30 10:00",
        "nobody is free",
        "13% > -",
        "requests that were refused",
    ):
        assert words in result.output, words


def test_another_zone_is_another_business(dry_run: DryRun, tmp_path: Path) -> None:
    result = dry_run(draft(tmp_path, ("zone: Australia/Perth", "zone: Australia/Sydney")))

    assert result.exit_code == 2
    assert "zone: is Australia/Sydney; the schedule in force is by Australia/Perth" in result.output
