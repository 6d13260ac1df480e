"""The twenty questions of docs/questions.md, asked of a home that has modelled a small year."""

from __future__ import annotations

import re

import pytest

from core.envelope import NewEvent
from tests.pipelines.facts import fact
from tests.pipelines.homes import NOW, REPOSITORY, Home, HomeFactory

QUESTIONS = re.findall(
    r"^### (\d+)\. (.*?)\n```sql\n(.*?)```",
    (REPOSITORY / "docs" / "questions.md").read_text(encoding="utf-8"),
    flags=re.DOTALL | re.MULTILINE,
)
#: What the small year has nothing of.
CAN_BE_EMPTY = {13}


@pytest.fixture(scope="module")
def year(homes: HomeFactory, story_events: list[NewEvent]) -> Home:
    """Return a home that has modelled a small year, at whose end somebody has something to do."""
    home = homes.new_home()
    task = fact("task.created", {"title": "Order blades", "due_at": NOW.isoformat()}, event_id="task")
    home.follow_in_batches([[*story_events, task]])
    return home


def test_there_are_twenty() -> None:
    assert [int(number) for number, _, _ in QUESTIONS] == list(range(1, 21))


@pytest.mark.parametrize(("number", "query"), [(int(number), query) for number, _, query in QUESTIONS])
def test_a_question_has_an_answer(year: Home, number: int, query: str) -> None:
    assert year.query(query) or number in CAN_BE_EMPTY


def answer(home: Home, number: int) -> list[tuple[object, ...]]:
    return home.query(next(query for each, _, query in QUESTIONS if int(each) == number))
