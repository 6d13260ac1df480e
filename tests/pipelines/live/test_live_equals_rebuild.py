"""The live path gives and publishes what a build from the log gives, to the byte, whatever its batches were."""

from __future__ import annotations

import random
from itertools import chain

from frontdesk.core.log.envelope import NewEvent
from tests.domains.identity.test_identity_decisions import CONTRADICTION
from tests.pipelines.homes import Home


def in_random_batches(events: list[NewEvent], *, seed: int) -> list[list[NewEvent]]:
    """Cut events into batches of 1 to 400."""
    chance = random.Random(seed)
    batches, start = [], 0
    while start < len(events):
        size = chance.choice([1, 2, 5, 40, 400])
        batches.append(events[start : start + size])
        start += size
    return batches


def counts_of_marts(home: Home) -> dict[str, object]:
    """Return the number of rows of every published mart."""
    tables = [str(row[0]) for row in home.query("select table_name from duckdb_tables() where schema_name = 'marts'")]
    return {table: home.query(f"select count(*) from marts.{table}")[0][0] for table in tables}


def test_a_year_followed_in_random_batches_equals_its_rebuild(home: Home, story_events: list[NewEvent]) -> None:
    events = [*story_events, *chain.from_iterable(CONTRADICTION)]
    home.follow_in_batches(in_random_batches(events, seed=3))
    (count,) = home.query("select sum(count_events) from marts.fct_source_activity")[0]
    assert count == len(events) > 1_000
    assert home.modeller().verify() == []
    for mart in ("dim_contacts", "fct_bookings", "fct_payments", "fct_messages", "fct_touchpoints", "fct_consents"):
        assert home.query(f"select count(*) > 20 from marts.{mart}") == [(True,)], mart
    published_by_batch = counts_of_marts(home)
    with home.modeller().opened():  # opening publishes the whole anew
        pass
    assert counts_of_marts(home) == published_by_batch
    assert len(published_by_batch) > 10
