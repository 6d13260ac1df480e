"""The twenty questions of docs/questions.md, asked of a home that has modelled a small year.

All answers but those about tasks are compared with figures that were counted in plain Python, for every business.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.counted_answers import Row
from tests.pipelines.counted_marketing import MODELS
from tests.pipelines.counted_rules import RuleAnswers
from tests.pipelines.counted_year import TENANTS, Book, Reader
from tests.pipelines.facts import TENANT, fact
from tests.pipelines.homes import Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

QUESTIONS = re.findall(
    r"^### (\d+)\. (.*?)\n```sql\n(.*?)```",
    (REPOSITORY / "docs" / "questions.md").read_text(encoding="utf-8"),
    flags=re.DOTALL | re.MULTILINE,
)
#: How late every ninth delivery comes: later than the moment that question 19 looks back to.
LATE = timedelta(days=45)
DETAILER = "joes-auto-spa"
#: Rules that remind a day before, and how their texts' numbers begin.
REMINDING = {TENANT: ("reminder_24h", "+61"), DETAILER: ("day_before_reminder", "+1")}
#: No business of the year holds anything back: tests/domains/rules/test_decisions.py asks this one.
CAN_BE_EMPTY = {13}


@pytest.fixture(scope="module")
def started_at() -> datetime:
    """Return the instant that the tasks of the year are told relative to: due is by the real clock."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def told(story_events: list[NewEvent], started_at: datetime) -> list[NewEvent]:
    """Return a small year in the order of arrival; rules' texts went out in it, and there is something left to do."""
    year = [*story_events, *tasks(started_at)]
    books = Reader(year).books
    year += [text for tenant_id in REMINDING for text in reminders(tenant_id, books[tenant_id])]
    late = (LATE if place % 9 == 0 else timedelta() for place in range(len(year)))
    arrived = (
        replace(event, received_at=max(event.occurred_at, min(event.occurred_at + delay, started_at)))
        for event, delay in zip(year, late, strict=True)
    )
    return sorted(arrived, key=lambda event: event.received_at)


@pytest.fixture(scope="module")
def year(homes: HomeFactory, told: list[NewEvent]) -> Home:
    """Return a home that has modelled the year."""
    home = homes.new_home()
    home.follow_in_batches([told])
    return home


@pytest.fixture(scope="module")
def answers(year: Home, told: list[NewEvent]) -> Mapping[str, RuleAnswers]:
    """Return what was counted in plain Python, by business."""
    books = Reader(told).books
    # A calendar's notification tells of nothing that happened.
    ended_at = max(event.occurred_at for event in told if event.source != "google-calendar")
    return {name: RuleAnswers(books[name], tenant=year.tenants[name], ended_at=ended_at) for name in TENANTS}


def reminders(tenant_id: str, book: Book) -> Iterable[NewEvent]:
    """Yield what became of reminders: of four bookings one was not reminded, and one text was not delivered."""
    rule_id, prefix = REMINDING[tenant_id]
    for place, (name, booking) in enumerate(sorted(book.bookings.items())):
        at = booking.starts_at - timedelta(hours=24)
        is_known = at > min(told for told, start in booking.starts if start == booking.starts_at)
        is_confirmed = any(told < at for told, state in booking.steps if state == "confirmed")
        if booking.status not in ("completed", "no_show") or not (is_known and is_confirmed) or place % 4 == 0:
            continue
        text = {"message_id": f"reminder-{name}", "contact": {"phone": f"{prefix}{booking.who}"}, "channel": "sms"}
        key = f"{tenant_id}/{rule_id}/send_sms/booking:{name}@{booking.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        yield fact("message.sent", {**text, "command_key": key}, event_id=f"sent-{name}", at=at, tenant_id=tenant_id)
        if outcome := {1: "delivered", 2: "failed"}.get(place % 4):
            after = at + timedelta(seconds=9)
            yield fact(f"message.{outcome}", text, event_id=f"{outcome}-{name}", at=after, tenant_id=tenant_id)


def tasks(now: datetime) -> Iterable[NewEvent]:
    """Yield tasks of every state, one of them about a contact who enquired two weeks ago."""
    wen = {"contact": {"phone": "0400 000 009", "name": "Wen Li"}}
    yield task("created", "blades", now - timedelta(days=9), due_at=now - timedelta(days=5), title="Order blades")
    yield fact("lead.created", {**wen, "channel": "google"}, event_id="wen", at=now - timedelta(days=14))
    call = {"title": "Call Wen", "kind": "welcome_call", "due_at": (now - timedelta(hours=36)).isoformat()}
    yield fact("task.created", {**wen, **call}, event_id="call", at=now - timedelta(days=3))
    due = now - timedelta(days=4)
    for name in ("done", "dropped", "asleep", "awake"):
        yield task("created", name, now - timedelta(days=8), due_at=due, title=name)
    yield task("completed", "done", now - timedelta(days=1))
    yield task("cancelled", "dropped", now - timedelta(days=1))
    yield task("snoozed", "asleep", now - timedelta(days=1), snoozed_until=now + timedelta(days=2))
    yield task("snoozed", "awake", now - timedelta(days=3), snoozed_until=now - timedelta(days=2))
    yield task("created", "later", now - timedelta(days=1), due_at=now + timedelta(days=3), title="later")


def task(what: str, name: str, at: datetime, *, title: str = "", **instants: datetime) -> NewEvent:
    payload = {"task_id": name, **({"title": title} if title else {})}
    payload |= {key: instant.isoformat() for key, instant in instants.items()}
    return fact(f"task.{what}", payload, event_id=f"{what}-{name}", at=at)


def test_there_are_twenty() -> None:
    assert [int(number) for number, _, _ in QUESTIONS] == list(range(1, 21))


@pytest.mark.parametrize(("number", "query"), [(int(number), query) for number, _, query in QUESTIONS])
def test_a_question_has_an_answer(year: Home, number: int, query: str) -> None:
    assert year.query(query) or number in CAN_BE_EMPTY


def answer(home: Home, number: int) -> list[Row]:
    query = next(query for each, _, query in QUESTIONS if int(each) == number)
    return home.query(re.sub(r"\nlimit \d+;", ";", query))


@dataclass(frozen=True)
class Counted:
    """How a question's answer was counted, and what of it is compared."""

    number: int
    count: Callable[[RuleAnswers], Iterable[Row]]
    #: Columns from this one on, besides the business's.
    first_column: int = 1
    rows: Callable[[Row], object] = bool


COUNTED = (
    Counted(1, RuleAnswers.channels_that_book_within_a_week),
    Counted(2, RuleAnswers.credits, rows=lambda row: row[2] in MODELS and row[3] != 0),
    Counted(3, RuleAnswers.ranks, rows=lambda row: row[1] in MODELS),
    Counted(4, RuleAnswers.costs),
    Counted(5, RuleAnswers.payback),
    Counted(6, RuleAnswers.paths),
    Counted(7, RuleAnswers.speed_to_lead),
    Counted(8, RuleAnswers.endings_by_weekday),
    Counted(9, RuleAnswers.reminded),
    Counted(10, RuleAnswers.booked_ahead),
    Counted(11, RuleAnswers.stages_of_bookings, rows=lambda row: row[1] in ("job", "repair")),
    Counted(12, RuleAnswers.decisions),
    Counted(14, RuleAnswers.texts_before_an_answer),
    Counted(15, RuleAnswers.opt_outs, first_column=2),  # without the contacts' ids, which only the models know
    Counted(16, RuleAnswers.who_comes_back),
    Counted(17, RuleAnswers.spending_by_acquisition),
    Counted(19, RuleAnswers.stages_then),
    Counted(20, RuleAnswers.weekly_figures, rows=lambda row: row[3] != 0),
)


def test_reminders_came_to_every_end(year: Home) -> None:
    ends = year.query(
        "select distinct tenant_id, outcome from marts.fct_command_outcomes where rule_id like '%reminder%'"
    )
    assert set(ends) == {(name, end) for name in REMINDING for end in ("done", "delivered", "undelivered")}


@pytest.mark.parametrize("counted", COUNTED, ids=[str(each.number) for each in COUNTED])
def test_an_answer_is_what_was_counted_without_sql(
    year: Home, answers: Mapping[str, RuleAnswers], counted: Counted
) -> None:
    rows = [row for row in answer(year, counted.number) if row[0] in answers and counted.rows(row)]
    found = Counter((row[0], *row[counted.first_column :]) for row in rows)
    expected = Counter((name, *row) for name, its in answers.items() for row in counted.count(its))
    assert expected
    assert found - expected == expected - found == Counter()


def test_tasks_are_listed_by_what_is_due_how_late_and_how_warm(year: Home, started_at: datetime) -> None:
    # Blades: 20 for any task, 25 for three days late and more. Wen: 40 for a welcome call, half of 25 for half of
    # three days, and 15 % of a score of 12.5, which is half of a lead's 25 after a fortnight. A snooze past the due
    # time makes a task due all the day on which it ends, two days ago; it is late from the midnight after that.
    zone = ZoneInfo(year.tenants[TENANT].zone)
    day_after_snooze = (started_at - timedelta(days=2)).astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(day_after_snooze, time(), zone)
    awake = 20 + 25 * min((started_at - midnight) / timedelta(hours=72), 1)
    expected = {"Order blades": 20 + 25, "Call Wen": 40 + 25 / 2 + 15 * 0.125, "awake": awake}
    rows = answer(year, 18)
    found = {title: (frame, priority) for _, frame, priority, title, *_ in rows}
    assert {title: frame for title, (frame, _) in found.items()} == dict.fromkeys(expected, "overdue")
    # The question rounds to whole points, and the clock has moved since the tasks were told.
    assert {title: priority for title, (_, priority) in found.items()} == pytest.approx(expected, abs=0.7)
    assert [row[3] for row in rows] == sorted(expected, key=expected.__getitem__, reverse=True)
