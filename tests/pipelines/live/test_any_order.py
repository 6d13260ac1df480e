"""Shuffled, duplicated and delayed deliveries give the same marts as ordered ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from frontdesk.core.log.envelope import NewEvent
from pipelines.build.verification import mart_hashes
from tests.domains.identity.test_identity_decisions import STORY as DECIDED_STORY
from tests.pipelines.homes import NOW, Home, HomeFactory

#: Columns of the marts that hold the log's own id of an event.
EVENT_COLUMNS = frozenset(f"{role}event_id" for role in ("", "last_", "first_", "cause_", "reason_", "decision_"))


class NumberedIds:
    """Gives ids by counting; the comparison maps them back to the events."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new_event_id(self) -> str:
        """Return the next id."""
        return f"00000000-0000-7000-8000-{next(self._numbers):012d}"


def hashes_by_source_ids(home: Home) -> dict[str, tuple[int, int]]:
    """Hash every mart with the log's own ids and numbers replaced by the sources': they depend on arrival."""
    with duckdb.connect(str(home.warehouse_path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create temp table ids as select event_id, source_event_id from raw.event_log")
        for (mart,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall():
            columns = [row[0] for row in connection.execute(f"describe marts.{mart}").fetchall()]
            for column in EVENT_COLUMNS.intersection(columns):
                connection.execute(
                    f"update marts.{mart} as m set {column} = ids.source_event_id from ids "
                    f"where m.{column} = ids.event_id"
                )
            for column in {"sequence", "first_sequence", "last_sequence"}.intersection(columns):
                connection.execute(f"update marts.{mart} set {column} = 0")
        return mart_hashes(connection)


def journeys(events: list[NewEvent]) -> list[NewEvent]:
    """Return some events of each tenant and source, all received at one instant."""
    seen: dict[tuple[str, str, str], int] = {}
    chosen = []
    for event in events:
        key = (event.tenant_id, event.source, event.type)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= 2:
            chosen.append(replace(event, received_at=NOW))
    return chosen


@pytest.mark.parametrize("count_orders", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_any_order_gives_the_same_marts(homes: HomeFactory, story_events: list[NewEvent], count_orders: int) -> None:
    events = journeys(story_events) + DECIDED_STORY
    ordered = homes.new_home(ids=NumberedIds())
    ordered.follow_in_batches([events])
    expected = hashes_by_source_ids(ordered)

    # Without shrinking: an example takes seconds, and the marts that differ say more than the smallest order.
    @settings(
        max_examples=count_orders,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def follow_in_another_order(data: st.DataObject) -> None:
        shuffled = data.draw(st.permutations(events))
        repeated = shuffled + data.draw(st.lists(st.sampled_from(events), max_size=20))
        cuts = sorted(data.draw(st.lists(st.integers(1, len(repeated) - 1), max_size=4, unique=True)))
        batches = [repeated[start:end] for start, end in zip([0, *cuts], [*cuts, len(repeated)], strict=True)]
        disturbed = homes.new_home(ids=NumberedIds())
        disturbed.follow_in_batches(batches)
        found = hashes_by_source_ids(disturbed)
        assert [mart for mart in found if found[mart] != expected[mart]] == []

    follow_in_another_order()
