"""`frontdesk dry-run --prices`: unchanged prices give history to the cent, a change exactly its own lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from frontdesk.core.cli import build_app
from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.prices.asked import Asked
from frontdesk.domains.prices.facts import PRICE_QUOTED
from frontdesk.domains.prices.quotes import fact_of
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.snapshot import take_snapshot
from tests.domains.prices.businesses import asked_for
from tests.pipelines.dry_run.drafts import draft_of
from tests.pipelines.facts import fact
from tests.pipelines.homes import Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

SLUG = "hmnp"
FILE = REPOSITORY / "tenants" / f"{SLUG}.yaml"
DryRun = Callable[..., Result]

#: A Saturday at noon with six miles to drive beyond the radius, and a weekday evening done remotely in an hour.
QUOTES = {
    "q-driven": asked_for(
        "loan_signing", asked_at="2026-11-02T15:00:00Z", starts_at="2026-11-07T12:00:00-06:00", distance_miles=31
    ),
    "q-remote": asked_for("ron_oath", asked_at="2026-11-10T23:00:00Z", starts_at="2026-11-11T00:00:00Z"),
}
#: booking, service, booked at, start, price told, and what happened to it after.
BOOKINGS = (
    ("b-weekday", "Loan Signing", "2026-11-02T15:00:00Z", "2026-11-04T12:00:00-06:00", 16238, None),
    ("b-saturday", "Loan Signing", "2026-11-02T15:00:00Z", "2026-11-07T12:00:00-06:00", None, None),
    ("b-remote", "RON Oath/Affirmation", "2026-11-03T15:00:00Z", "2026-11-05T12:00:00-06:00", 3500, None),
    ("b-moved", "RON Oath/Affirmation", "2026-11-03T15:00:00Z", "2026-11-05T12:00:00-06:00", None, "rescheduled"),
    ("b-cancelled", "Loan Signing", "2026-11-02T15:00:00Z", "2026-11-07T12:00:00-06:00", None, "cancelled"),
    ("b-other", "Fingerprints", "2026-11-03T15:00:00Z", "2026-11-05T12:00:00-06:00", None, None),
)


def _quoted(quote_id: str, asked: Asked, rules: PriceRules) -> NewEvent:
    quoted = take_snapshot(rules, asked, quote_id=quote_id, tenant_id=SLUG, version=None)
    payload = fact_of(quoted, quote_id=quote_id, contact=None, by=None)
    event_id = f"{PRICE_QUOTED}:{quote_id}"
    return fact(PRICE_QUOTED, payload, event_id=event_id, at=asked.asked_at, tenant_id=SLUG)


def _booking(verb: str, at: str, payload: dict[str, Any]) -> NewEvent:
    event_id = f"{payload['booking_id']}-{verb}"
    moment = datetime.fromisoformat(at)
    return fact(f"booking.{verb}", payload, event_id=event_id, at=moment, source="acuity", tenant_id=SLUG)


def _booking_events() -> list[NewEvent]:
    events = []
    for booking_id, service, booked_at, starts_at, price, after in BOOKINGS:
        payload: dict[str, Any] = {
            "booking_id": booking_id,
            "contact": {"phone": "+17135550142"},
            "service": service,
            "starts_at": starts_at,
        }
        told = {} if price is None else {"price_minor": price, "currency": "USD"}
        events.append(_booking("created", booked_at, payload | told))
        if after:
            moved = {"starts_at": "2026-11-06T12:00:00-06:00"} if after == "rescheduled" else {}
            events.append(_booking(after, "2026-11-04T15:00:00Z", payload | moved))
    return events


@pytest.fixture(scope="module")
def home(homes: HomeFactory) -> Home:
    home = homes.new_home()
    rules = PriceRules.of(home.tenants[SLUG])
    quotes = [_quoted(quote_id, asked, rules) for quote_id, asked in QUOTES.items()]
    home.follow_in_batches([[*_booking_events(), *quotes]])
    return home


@pytest.fixture
def dry_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> DryRun:
    """Return what types `frontdesk dry-run` and these words in the home."""
    monkeypatch.setenv("FRONTDESK_HOME", str(home.folder))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(REPOSITORY / "tenants"))
    monkeypatch.setenv("FRONTDESK_DBT_PROJECT_DIR", str(REPOSITORY / "dbt_project"))

    def run(*words: str) -> Result:
        return CliRunner().invoke(build_app(), ["dry-run", *words])

    return run


def tried(dry_run: DryRun, file: Path, *words: str) -> Any:
    result = dry_run("--prices", str(file), "--json", *words)
    assert result.exit_code == 0, (result.output, result.exception)
    return orjson.loads(result.output)


def draft(folder: Path, *changes: tuple[str, str]) -> Path:
    return draft_of(FILE, folder, *changes)


DEARER_WEEKENDS = ("price: 40.00", "price: 60.00")


def test_unchanged_prices_give_history_to_the_cent(dry_run: DryRun) -> None:
    report = tried(dry_run, FILE)

    assert report["has_changes"] is False
    # 150 + 40 + 3 dollars with tax, and 35 + 50 (an hour's notice) with tax.
    assert report["quotes"]["before_minor"] == report["quotes"]["after_minor"] == 20892 + 9201
    assert report["quotes"]["count_tried"] == 2
    assert dry_run("--prices", str(FILE), "--fail-on-change").exit_code == 0


def test_a_change_of_one_surcharge_changes_exactly_its_lines(dry_run: DryRun, tmp_path: Path) -> None:
    report = tried(dry_run, draft(tmp_path, DEARER_WEEKENDS))

    for kind, changed in (("quotes", ["q-driven"]), ("bookings", ["b-saturday"])):
        assert [each["id"] for each in report[kind]["changed"]] == changed
        moved = {line["key"] for line in report[kind]["lines"] if line["before_minor"] != line["after_minor"]}
        assert moved == {"surcharge weekend"}
    [quote] = report["quotes"]["changed"]
    assert (quote["before_minor"], quote["after_minor"]) == (20892, 23057)  # 20.00 more, and its tax
    # Three that have a price by the rules in force, and stay; nobody knows how far the driven ones are.
    assert report["bookings"]["before_minor"] == 16238 + 20568 + 3789 + 3789
    assert report["bookings"]["after_minor"] - report["bookings"]["before_minor"] == 2165


def test_what_can_not_be_known_is_told(dry_run: DryRun, tmp_path: Path) -> None:
    report = tried(dry_run, draft(tmp_path, DEARER_WEEKENDS))

    assert report["bookings"]["not_priced"] == [
        {"kind": "booking", "id": "b-other", "reason": "its service is not one of the business's"}
    ]
    assert report["notes"] == [
        "left out: 1 bookings that were cancelled or declined",
        "bookings that were moved since, priced by their newest start and not by the one asked for: 1",
        "bookings priced without what depends on what is not known of them, distance-unknown: 2",
        "bookings that tell another price than the prices in force give: 1 of 2 that tell one",
    ]


def test_a_service_that_is_taken_away_has_no_price_and_is_in_no_sum(dry_run: DryRun, tmp_path: Path) -> None:
    file = draft(tmp_path, ("key: ron_oath", "key: ron_affirmation"))

    report = tried(dry_run, file)

    [quote] = report["quotes"]["changed"]
    assert (quote["id"], quote["after_minor"]) == ("q-remote", None)
    assert "there is no service 'ron_oath'" in quote["refusal"]
    assert report["quotes"]["before_minor"] == report["quotes"]["after_minor"] == 20892


def test_since_is_a_day_of_the_business(dry_run: DryRun, tmp_path: Path) -> None:
    report = tried(dry_run, draft(tmp_path, DEARER_WEEKENDS), "--since", "2026-11-03")

    assert (report["quotes"]["count_tried"], report["has_changes"]) == (1, False)


def test_it_is_shown_on_a_terminal(dry_run: DryRun, tmp_path: Path) -> None:
    result = dry_run("--prices", str(draft(tmp_path, DEARER_WEEKENDS)), "--fail-on-change")

    assert result.exit_code == 1
    for words in ("at unchanged demand", "surcharge weekend", "208.92 USD", "230.57 USD", "q-driven", "b-saturday"):
        assert words in result.output


@pytest.mark.parametrize("words", [(), ("--rules", str(FILE), "--prices", str(FILE))])
def test_one_thing_is_tried_at_a_time(dry_run: DryRun, words: tuple[str, ...]) -> None:
    result = dry_run(*words)

    assert result.exit_code == 2
    assert "give one of --rules FILE, --prices FILE and --schedule FILE" in " ".join(result.output.split())


def test_a_wrong_file_is_told_in_a_line(dry_run: DryRun, tmp_path: Path) -> None:
    result = dry_run("--prices", str(draft(tmp_path, ("currency: USD\ncountry", "currency: CAD\ncountry"))))

    assert result.exit_code == 2
    assert "currency: is CAD; prices in force are in USD" in result.output


def test_a_quote_that_is_not_what_was_told_counts_nowhere(home: Home, dry_run: DryRun) -> None:
    sound = _quoted("q-changed", QUOTES["q-remote"], PriceRules.of(home.tenants[SLUG]))
    changed = sound.payload.replace(b'"total_minor":9201', b'"total_minor":1')
    assert changed != sound.payload
    home.log.append([replace(sound, payload=changed, body=changed)])

    report = tried(dry_run, FILE)

    assert report["quotes"]["count_tried"] == 2
    assert "left out: 1 quotes that are not what was told" in report["notes"]
