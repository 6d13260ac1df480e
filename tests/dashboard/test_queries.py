"""What the dashboard asks of the published file, and what it never gets."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.frame.analytics_file import AnalyticsFile, AnalyticsFileError
from dashboard.parts import queries
from tests.dashboard.published_file import (
    ANNA,
    ANNA_TOO,
    BARBERS,
    HOSTILE,
    JOSE,
    MASSAGE,
    NEWCOMER,
    nothing_published,
)


def found(file: AnalyticsFile, text: str, *, tenant_id: str = MASSAGE, limit: int = 50) -> list[str]:
    return list(queries.search_contacts(file, tenant_id=tenant_id, text=text, limit=limit)["contact_id"])


@pytest.mark.parametrize(
    ("text", "contact_ids"),
    [
        ("", [ANNA, JOSE, HOSTILE, ANNA_TOO]),
        ("   ", [ANNA, JOSE, HOSTILE, ANNA_TOO]),
        ("lind anna", [ANNA, ANNA_TOO]),
        ("LIND & CO", [ANNA]),
        ("jose alvarez", [JOSE]),
        ("josé", [JOSE]),
        ("anna.lind@EXAMPLE.com", [ANNA, ANNA_TOO]),
        ("0412 345 678", [ANNA]),
        ("+61 (412) 345-678", [ANNA]),
        ("5678", [ANNA]),
        ("b6f1c0de", [ANNA]),
        ("100%", []),
        ("_", []),
        ("' OR true --", []),
        ("Walk-in", []),
    ],
)
def test_search_finds(analytics_file: AnalyticsFile, text: str, contact_ids: list[str]) -> None:
    assert found(analytics_file, text) == contact_ids


def test_search_finds_a_phone_without_an_identifier_row(analytics_file: AnalyticsFile) -> None:
    assert found(analytics_file, "0455 000 111") == [JOSE]


def test_search_gives_no_more_than_asked(analytics_file: AnalyticsFile) -> None:
    assert len(found(analytics_file, "walk", tenant_id=BARBERS, limit=7)) == 7


def test_one_tenant_never_sees_another(analytics_file: AnalyticsFile) -> None:
    of_anna: dict[str, Any] = {"tenant_id": BARBERS, "contact_id": ANNA}
    assert queries.find_contact(analytics_file, **of_anna).empty
    assert queries.fetch_identifiers(analytics_file, **of_anna).empty
    assert queries.fetch_conflicts(analytics_file, **of_anna).empty
    assert queries.fetch_bookings(analytics_file, **of_anna).empty
    assert queries.fetch_payments(analytics_file, **of_anna).empty
    assert queries.fetch_consents(analytics_file, **of_anna).empty
    assert queries.fetch_timeline(analytics_file, **of_anna, limit=10).empty
    activity = queries.fetch_activity(analytics_file, tenant_ids=[BARBERS], types=[], limit=100)
    assert set(activity["tenant_id"]) == {BARBERS}
    assert set(queries.fetch_source_health(analytics_file, tenant_ids=[BARBERS])["tenant_id"]) == {BARBERS}


def test_no_tenant_no_rows(analytics_file: AnalyticsFile, now: datetime) -> None:
    assert found(analytics_file, "", tenant_id="") == []
    assert queries.fetch_activity(analytics_file, tenant_ids=[], types=[], limit=10).empty
    assert queries.fetch_activity_types(analytics_file, tenant_ids=[]) == []
    assert queries.fetch_source_health(analytics_file, tenant_ids=[]).empty
    assert queries.fetch_unknown_types(analytics_file, tenant_ids=[]).empty
    assert queries.fetch_quarantined(analytics_file, tenant_ids=[]).empty
    assert list(queries.fetch_set_aside(analytics_file, tenant_ids=[])["kind"]) == ["table"]
    assert queries.fetch_events_per_day(analytics_file, tenant_ids=[], since=now.date()).empty


def test_activity_is_newest_first_and_of_the_types_asked_for(analytics_file: AnalyticsFile) -> None:
    everything = queries.fetch_activity(analytics_file, tenant_ids=[MASSAGE, BARBERS], types=[], limit=100)
    assert len(everything) == 8
    assert list(everything["occurred_at"]) == sorted(everything["occurred_at"], reverse=True)
    texts = queries.fetch_activity(
        analytics_file, tenant_ids=[MASSAGE, BARBERS], types=["message.received", "task.created"], limit=100
    )
    assert list(texts["type"]) == ["task.created", "message.received", "message.received"]
    assert queries.fetch_activity_types(analytics_file, tenant_ids=[BARBERS]) == ["booking.created", "task.created"]


def test_missing_values_are_none_and_whole_numbers_stay_whole(analytics_file: AnalyticsFile) -> None:
    [task] = queries.rows_of(
        queries.fetch_activity(analytics_file, tenant_ids=[BARBERS], types=["task.created"], limit=1)
    )
    assert (task.amount_minor, task.contact_id, task.display_name) == (None, None, None)
    [booking] = queries.rows_of(
        queries.fetch_activity(analytics_file, tenant_ids=[BARBERS], types=["booking.created"], limit=1)
    )
    assert booking.amount_minor == 4500
    assert isinstance(booking.amount_minor, int)
    assert booking.occurred_at.tzinfo is not None


def test_a_conflict_names_the_other_contact_from_both_sides(analytics_file: AnalyticsFile) -> None:
    for contact_id, other in ((ANNA, ANNA_TOO), (ANNA_TOO, ANNA)):
        [row] = queries.rows_of(queries.fetch_conflicts(analytics_file, tenant_id=MASSAGE, contact_id=contact_id))
        assert row.other_contact_id == other


def test_events_per_day_are_summed_over_tenants_and_types(analytics_file: AnalyticsFile, now: datetime) -> None:
    since = (now - timedelta(days=6)).date()
    days = queries.fetch_events_per_day(analytics_file, tenant_ids=[MASSAGE, BARBERS], since=since)
    assert len(days) == 7 * 6
    assert days["activity_date"].min().date() == since
    assert days["count_events"].sum() > 0


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AnalyticsFileError, match="nothing to show yet"):
        queries.fetch_tenants(AnalyticsFile(tmp_path / "analytics.duckdb"))


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "analytics.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(AnalyticsFileError, match="can't be read"):
        queries.fetch_tenants(AnalyticsFile(path))


def test_a_file_of_another_version_is_told(filled_home: Path, analytics_file: AnalyticsFile) -> None:
    with pytest.raises(AnalyticsFileError, match="published by another version"):
        analytics_file.fetch("SELECT no_such_column FROM marts.dim_tenants")
    assert len(queries.fetch_tenants(analytics_file)) == 3
    assert filled_home.exists()


def test_the_file_is_read_when_it_comes_and_missed_when_it_goes(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "analytics.duckdb"
    file = AnalyticsFile(path)
    with pytest.raises(AnalyticsFileError):
        queries.fetch_tenants(file)
    nothing_published(now=now).publish(path)
    assert list(queries.fetch_tenants(file)["tenant_id"]) == [MASSAGE, BARBERS, NEWCOMER]
    path.unlink()
    with pytest.raises(AnalyticsFileError):
        queries.fetch_tenants(file)


def test_queries_reach_nothing_but_the_published_file(analytics_file: AnalyticsFile, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(Exception, match="disabled"):
        analytics_file.fetch("SELECT * FROM read_csv($path)", path=str(secret))
    with pytest.raises(Exception, match="read-only"):
        analytics_file.fetch("DELETE FROM marts.dim_tenants")
