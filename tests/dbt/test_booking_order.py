"""What a booking's facts make of its state (the table in DECISIONLOG): each story, in every order of arrival."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import duckdb
import pytest
from jinja2 import Environment, FileSystemLoader

from tests.dbt.staging.warehouse import PROJECT

MADE = "booking.created"


class Told(NamedTuple):
    """One fact about the booking: what, from whom, when on the business's clock."""

    fact_type: str
    at: str  #: "8 15:00"; a day alone is told without a time
    status: str | None = None
    source: str = "frontdesk"
    basis: str = "act"
    starts: str | None = None
    revision: int | None = None


def told(verb: str, at: str, *, source: str = "frontdesk", starts: str | None = None) -> Told:
    """Return a canonical fact, as imports and our own commands tell it."""
    status = {"created": "pending", "rescheduled": None}.get(verb, verb)
    return Told(f"booking.{verb}", at, status, source, starts=starts)


def wix(status: str, at: str) -> Told:
    """Return a Wix snapshot: its status is never completed or no-show."""
    return Told("booking.updated", at, status, "wix", "plan")


def wix_start(at: str, starts: str) -> Told:
    """Return a Wix snapshot that tells the start."""
    return Told("booking.updated", at, "confirmed", "wix", "plan", starts)


def highlevel(status: str, at: str) -> Told:
    """Return a HighLevel update, which repeats the status whatever has changed."""
    basis = "record" if status in ("pending", "confirmed") else "act"
    return Told(f"booking.{status}", at, status, "gohighlevel", basis)


STORIES: dict[str, tuple[list[Told], str]] = {
    "told of a day, made later that day": ([told("created", "8 15:00"), told("completed", "8")], "completed"),
    "told of a day, confirmed later that day": (
        [told("created", "7 09:00"), told("confirmed", "8 10:00"), told("completed", "8")],
        "completed",
    ),
    "all told of one day": ([told("created", "8"), told("confirmed", "8"), told("no_show", "8")], "no_show"),
    "cancelled of a day, made and confirmed that day": (
        [told("created", "8 09:00"), told("confirmed", "8 09:05"), told("cancelled", "8")],
        "cancelled",
    ),
    "told of a day, confirmed later that day by who counts revisions": (
        [Told("booking.confirmed", "8 10:00", "confirmed", "wix", revision=2), told("completed", "8")],
        "completed",
    ),
    "made after its outcome, by a clock that is wrong": (
        [told("created", "9 15:00"), told("completed", "8 12:00")],
        "completed",
    ),
    "confirmed the day after a cancellation of a day": (
        [told("created", "7"), told("cancelled", "8"), told("confirmed", "9 08:00")],
        "confirmed",
    ),
    "paid after the visit, Wix still says confirmed": (
        [
            told("confirmed", "1 01:00", source="wix"),
            told("completed", "8 12:00", source="wix"),
            wix("confirmed", "8 13:00"),
        ],
        "completed",
    ),
    "staff completes what Wix still calls pending": (
        [told("created", "1 09:00", source="wix"), told("completed", "8 12:00"), wix("pending", "9 13:00")],
        "completed",
    ),
    "staff cancels what Wix does not know of": (
        [told("created", "1 09:00", source="wix"), told("cancelled", "2 12:00"), wix("confirmed", "3 13:00")],
        "cancelled",
    ),
    "Wix takes its own cancellation back": (
        [told("cancelled", "2 12:00", source="wix"), wix("confirmed", "3 13:00")],
        "confirmed",
    ),
    "confirmed again after a cancellation": (
        [told("confirmed", "1 09:00"), told("cancelled", "2 10:00"), told("confirmed", "2 11:00")],
        "confirmed",
    ),
    "a person opens it again after the visit": (
        [told("completed", "8 12:00"), told("confirmed", "8 13:00")],
        "confirmed",
    ),
    "opened again, then Wix repeats": (
        [told("completed", "8 12:00"), told("confirmed", "8 13:00"), wix("confirmed", "8 14:00")],
        "confirmed",
    ),
    "HighLevel said showed and says confirmed": (
        [highlevel("completed", "8 12:00"), highlevel("confirmed", "8 13:00")],
        "confirmed",
    ),
    "HighLevel never heard of the visit": (
        [highlevel("confirmed", "1 12:00"), told("completed", "8 12:00"), highlevel("confirmed", "8 13:00")],
        "completed",
    ),
    "missed, then moved to next week": (
        [told("confirmed", "1 09:00"), told("no_show", "8 12:00"), told("rescheduled", "8 13:00", starts="15 10:00")],
        "confirmed",
    ),
    "the record was changed after the visit, with its old start": (
        [told("completed", "8 12:00"), told("rescheduled", "8 13:00", starts="8 10:00")],
        "completed",
    ),
    "cancelled and then moved stays cancelled": (
        [told("cancelled", "8 12:00"), told("rescheduled", "8 13:00", starts="15 10:00")],
        "cancelled",
    ),
    "a late delivery of an older state": (
        [told("confirmed", "2 10:00"), told("cancelled", "2 11:00"), wix("confirmed", "2 10:30")],
        "cancelled",
    ),
}


@pytest.fixture(scope="module")
def settle() -> Iterator[duckdb.DuckDBPyConnection]:
    environment = Environment(loader=FileSystemLoader(PROJECT / "macros"))  # noqa: S701 - SQL, not HTML
    macro = environment.get_template("booking_order.sql").module
    settled = macro.settled_bookings("facts", "tenants")  # type: ignore[attr-defined]
    progress = macro.progress_of("settled_status")  # type: ignore[attr-defined]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            """
            create table facts (
                event_id varchar, tenant_id varchar, booking_id varchar, fact_family varchar, source varchar,
                source_event_id varchar, fact_type varchar, booking_status varchar, status_basis varchar,
                change_order bigint, is_reschedule boolean, told_on date, occurred_at timestamptz,
                starts_at timestamptz, is_all_day boolean
            )
            """
        )
        connection.execute("create table tenants as select 't' as tenant_id, 'America/New_York' as zone")
        connection.execute(
            f"""
            create view folded as
            with settled_bookings as ({settled})
            select
                arg_max(settled_status, row(settled_at, change_order, {progress}, source_event_id)) as status,
                min(settled_at) as first_at
            from settled_bookings
            inner join (select event_id, source_event_id from facts) as ids using (event_id)
            """
        )
        connection.execute(
            f"""
            create view moves as
            with settled_bookings as ({settled})
            select
                count(*) filter (where is_settled_move) as count_moves,
                count(*) filter (where settled_type = 'booking.rescheduled') as count_told
            from settled_bookings
            """
        )
        yield connection


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_the_same_in_every_order(name: str, settle: duckdb.DuckDBPyConnection) -> None:
    story, expected = STORIES[name]
    rows = [as_row(number, fact) for number, fact in enumerate(story)]

    for order in permutations(rows):
        settle.execute("delete from facts")
        settle.executemany("insert into facts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, false)", list(order))
        assert settle.execute("select status from folded").fetchall() == [(expected,)], order


@pytest.mark.parametrize(
    ("story", "count"),
    [
        ([told("rescheduled", "2 10:00", starts="9 10:00"), wix_start("2 10:01", "9 10:00")], 1),
        ([wix_start("2 10:00", "9 10:00"), told("rescheduled", "2 10:01", starts="9 10:00")], 1),
        ([told("rescheduled", "2 10:00", starts="9 10:00"), told("rescheduled", "3 10:00", starts="8 10:00")], 2),
        (
            [
                told("rescheduled", "2 10:00", starts="9 10:00"),
                told("rescheduled", "3 10:00", starts="8 10:00"),
                told("rescheduled", "4 10:00", starts="9 10:00"),
            ],
            3,
        ),
    ],
    ids=["a system repeats it", "another system says it first", "there and back", "there and back again"],
)
def test_a_move_that_is_told_twice_is_one(story: list[Told], count: int, settle: duckdb.DuckDBPyConnection) -> None:
    made = [told("created", "1 09:00", starts="8 10:00"), wix_start("1 09:01", "8 10:00")]
    rows = [as_row(number, fact) for number, fact in enumerate([*made, *story])]

    for order in permutations(rows):
        settle.execute("delete from facts")
        settle.executemany("insert into facts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, false)", list(order))
        counted = settle.execute("select count_moves, count_told from moves").fetchall()
        assert counted == [(count, count)], order


def test_a_booking_begins_with_its_making(settle: duckdb.DuckDBPyConnection) -> None:
    settle.execute("delete from facts")
    for number, fact in enumerate([told("created", "9 15:00"), told("completed", "8 12:00")]):
        settle.execute(
            "insert into facts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, false)", as_row(number, fact)
        )

    rows = settle.execute("select first_at = timestamptz '2026-03-08 12:00:00-04' from folded").fetchall()

    assert rows == [(True,)]


def as_row(number: int, fact: Told) -> tuple[object, ...]:
    day, _, time = fact.at.partition(" ")
    at = f"2026-03-{int(day):02} {time or '00:00'}:00 America/New_York"
    starts = None
    if fact.starts:
        start_day, _, start_time = fact.starts.partition(" ")
        starts = f"2026-03-{int(start_day):02} {start_time}:00 America/New_York"
    # Ids against the order of the story, so that they never help.
    name = f"{9 - number}"
    moved = fact.fact_type == "booking.rescheduled"
    told_on = None if time else f"2026-03-{int(day):02}"
    return (
        name, "t", "b", "booking", fact.source, name, fact.fact_type, fact.status, fact.basis, fact.revision, moved,
        told_on, at, starts,
    )  # fmt: skip
