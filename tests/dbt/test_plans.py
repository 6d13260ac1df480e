"""No model compares each row of a table with every row of another: DuckDB's own plans say how it joins them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from pipelines.build import warehouse
from tests.pipelines.homes import HomeFactory

#: Joins without a key, by what they compare, and why that is right.
MEANT = {
    "type_pattern": "some hundred patterns of types, for each type and day that events came",
    "active_hours": "the hours of a day, for each day that a source spoke",
    "component_key != component_key": "the pairs that people decided upon, by their components",
}
#: Joins that go through all pairs. `a.kind = 'x' and a.id = b.id` becomes one in a left or anti join; a key that is
#: null where the condition does not hold, `if(a.kind = 'x', a.id, null) = b.id`, does not.
_ALL_PAIRS = {"BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN"}


@pytest.fixture(scope="module")
def connection(homes: HomeFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.connected(homes.new_home().warehouse_path) as connection:
        # As for tables of many rows: of few, DuckDB goes through all pairs whatever the join.
        connection.execute("set asof_loop_join_threshold = 0")
        connection.execute("set nested_loop_join_threshold = 0")
        yield connection


@pytest.mark.warehouse
def test_no_model_compares_each_row_of_a_table_with_every_row_of_another(
    connection: duckdb.DuckDBPyConnection, homes: HomeFactory
) -> None:
    nodes = json.loads(homes.compiled_manifest().read_text(encoding="utf-8"))["nodes"].values()
    models = {
        str(node["name"]): str(node["compiled_code"])
        for node in nodes
        if node["resource_type"] == "model" and node["language"] == "sql"
    }
    assert len(models) > 100
    found = {name: compared for name, sql in models.items() if (compared := _all_pairs(connection, sql))}
    assert found == {}


def test_a_condition_beside_the_key_of_a_left_join_is_found(connection: duckdb.DuckDBPyConnection) -> None:
    facts = "select 'a' as kind, range as id from range(10)"
    beside = f"from ({facts}) as a left join ({facts}) as b on a.kind = 'x' and a.id = b.id"
    in_key = f"from ({facts}) as a left join ({facts}) as b on if(a.kind = 'x', a.id, null) = b.id"

    assert len(_all_pairs(connection, f"select count(*) {beside}")) == 1
    assert _all_pairs(connection, f"select count(*) {in_key}") == []


def _all_pairs(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """Return what is compared pair by pair, but for what is meant."""
    [(_, plan)] = connection.execute(f"explain (format json) {sql}").fetchall()
    found = [condition for root in json.loads(plan) for condition in _conditions(root)]
    return [condition for condition in found if not any(meant in condition for meant in MEANT)]


def _conditions(operator: Mapping[str, Any]) -> Iterator[str]:
    if operator["name"].strip() in _ALL_PAIRS:
        said = operator["extra_info"]
        yield str(said.get("Condition") or said.get("Conditions"))
    for child in operator["children"]:
        yield from _conditions(child)
