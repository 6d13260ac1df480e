"""Markov, Shapley and the position rules: textbook cases, axioms, and the results of independent implementations."""

from __future__ import annotations

import csv
import json
from itertools import permutations
from math import factorial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.domains.attribution.crediting.markov import markov
from frontdesk.domains.attribution.crediting.paths import PathCount, channels_of, round_to_whole
from frontdesk.domains.attribution.crediting.position_rules import rule_credits
from frontdesk.domains.attribution.crediting.shapley import shapley
from frontdesk.domains.attribution.path_files import read_paths

FOLDER = Path(__file__).parent / "published"
paths_of_journeys = st.lists(
    st.builds(
        PathCount,
        channels=st.lists(st.sampled_from("abcde"), min_size=1, max_size=6).map(tuple),
        conversions=st.integers(0, 20),
        value=st.integers(0, 100_000),
        nulls=st.integers(0, 20),
    ),
    min_size=1,
    max_size=12,
)


def test_the_textbook_chain_of_three_journeys() -> None:
    # C1 > C2 > C3 converts, C1 and C2 > C3 don't: half is lost without C1, everything without C2 or C3.
    paths = [
        PathCount(("C1", "C2", "C3"), 1, value=100),
        PathCount(("C1",), 0, nulls=1),
        PathCount(("C2", "C3"), 0, nulls=1),
    ]
    found = markov(paths)
    assert found.conversion_removal == pytest.approx({"C1": 0.5, "C2": 1.0, "C3": 1.0})
    assert found.credits.conversions == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4})
    assert found.credits.value == pytest.approx({"C1": 20, "C2": 40, "C3": 40})
    assert markov(paths, with_nulls=False).credits.conversions == pytest.approx(
        dict.fromkeys(("C1", "C2", "C3"), 1 / 3)
    )


def test_staying_on_a_channel_changes_no_credit() -> None:
    once = [PathCount(("a", "b"), 3, nulls=1), PathCount(("b",), 1, nulls=4)]
    often = [PathCount(("a", "a", "a", "b", "b"), 3, nulls=1), PathCount(("b", "b"), 1, nulls=4)]
    assert markov(often).credits.conversions == pytest.approx(markov(once).credits.conversions)


def test_an_order_of_two_tells_by_what_came_before() -> None:
    # After x, b always converts; after y never. One step back can't know that, two can.
    paths = [PathCount(("x", "b"), 4), PathCount(("y", "b"), 0, nulls=4)]
    assert markov(paths, order=2).conversion_removal["y"] == 0
    assert markov(paths, order=1).conversion_removal["y"] == pytest.approx(0.5)


def test_value_is_removed_by_the_value_of_what_is_lost() -> None:
    paths = [PathCount(("a",), 1, value=100), PathCount(("b",), 1, value=300)]
    assert markov(paths).credits.value == pytest.approx({"a": 100, "b": 300})
    assert markov(paths).credits.conversions == pytest.approx({"a": 1, "b": 1})


@pytest.mark.parametrize("with_nulls", [True, False])
def test_markov_agrees_with_an_independent_implementation(with_nulls: bool) -> None:
    published = json.loads((FOLDER / "marketing_attribution_models.json").read_text(encoding="utf-8"))
    found = markov(read_paths(FOLDER / "paths.csv").paths, with_nulls=with_nulls)
    expected = published["markov" if with_nulls else "markov_no_nulls"]
    assert found.credits.conversions == pytest.approx(expected, abs=1e-9)
    if with_nulls:
        assert found.conversion_removal == pytest.approx(published["removal_effect"], abs=1e-9)


@given(paths_of_journeys)
def test_shapley_is_the_mean_contribution_over_all_orders(paths: list[PathCount]) -> None:
    channels = channels_of(paths)

    def worth(coalition: set[str]) -> float:
        return sum(path.conversions for path in paths if set(path.channels) <= coalition)

    expected = dict.fromkeys(channels, 0.0)
    for order in permutations(channels):
        for place, channel in enumerate(order):
            expected[channel] += worth({*order[: place + 1]}) - worth({*order[:place]})
    found = shapley(paths).conversions
    assert found == pytest.approx({name: total / factorial(len(channels)) for name, total in expected.items()})


@given(paths_of_journeys)
def test_every_model_gives_out_all_there_is_and_no_more(paths: list[PathCount]) -> None:
    conversions = sum(path.conversions for path in paths)
    value = sum(path.value for path in paths if path.conversions > 0)
    models = [markov(paths).credits, markov(paths, order=3).credits, markov(paths, with_nulls=False).credits]
    for credited in (*models, shapley(paths), *rule_credits(paths).values()):
        assert sum(credited.conversions.values()) == pytest.approx(conversions)
        assert sum(credited.value.values()) == pytest.approx(value)
        assert min(credited.conversions.values(), default=0) >= 0


@given(paths_of_journeys, st.integers(1, 9))
def test_equal_channels_get_the_same_and_idle_ones_nothing(paths: list[PathCount], count: int) -> None:
    with_twins = [
        *paths,
        PathCount(("x", "y"), count),
        PathCount(("y", "x"), count),
        PathCount(("idle",), 0, nulls=1),
    ]
    for credited in (shapley(with_twins), markov(with_twins).credits):
        assert credited.conversions["x"] == pytest.approx(credited.conversions["y"])
        assert credited.conversions["idle"] == pytest.approx(0, abs=1e-9)


def test_the_rules_by_hand() -> None:
    paths = [PathCount(("google", "direct", "email", "direct"), 10, value=1000), PathCount(("direct", "google"), 1)]
    found = {name: credited.conversions for name, credited in rule_credits(paths).items()}
    assert found["first"] == {"direct": 1, "email": 0, "google": 10}
    assert found["last"] == {"direct": 10, "email": 0, "google": 1}
    assert found["last_non_direct"] == {"direct": 0, "email": 10, "google": 1}
    assert found["linear"] == pytest.approx({"direct": 5.5, "email": 2.5, "google": 3})
    assert found["position"] == pytest.approx({"direct": 5.5, "email": 1, "google": 4.5})


def test_cents_go_to_the_largest_remainders() -> None:
    assert round_to_whole(100, {"a": 100 / 3, "b": 100 / 3, "c": 100 / 3}) == {"a": 34, "b": 33, "c": 33}
    assert round_to_whole(10, {"a": 3.2, "b": 6.8}) == {"a": 3, "b": 7}
    with pytest.raises(ValueError, match="add up"):
        round_to_whole(100, {"a": 1.0})


def test_the_fixture_is_what_the_results_were_computed_from() -> None:
    with (FOLDER / "paths.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    published = json.loads((FOLDER / "marketing_attribution_models.json").read_text(encoding="utf-8"))
    assert sum(float(row["total_conversions"]) for row in rows) == pytest.approx(sum(published["markov"].values()))
