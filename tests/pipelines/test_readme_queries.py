"""The README's queries run on the published file of a year and find something."""

from __future__ import annotations

import re

import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.homes import Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

QUERIES = re.findall(r"```sql\n(.*?)```", (REPOSITORY / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def year(homes: HomeFactory, story_events: list[NewEvent]) -> Home:
    """Return a home that has modelled a small year."""
    home = homes.new_home()
    home.follow_in_batches([story_events])
    return home


def test_there_are_five() -> None:
    assert len(QUERIES) == 5


@pytest.mark.parametrize("query", QUERIES)
def test_query_answers(year: Home, query: str) -> None:
    assert year.query(query)
