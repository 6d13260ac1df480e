"""Attribution: Markov and Shapley over 100,000 journeys, none of them pooled beforehand."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from statistics import median

from frontdesk.domains.attribution.crediting.markov import markov
from frontdesk.domains.attribution.crediting.paths import PathCount
from frontdesk.domains.attribution.crediting.shapley import shapley
from tests.benchmarks.figures import Figures, Report

_JOURNEYS = 100_000
_SEED = 7
_ROUNDS = 5
_CHANNELS = 12
_LONGEST = 12
_CONVERTS_OF_TEN = 3


def measure_attribution(report: Report) -> Figures:
    """Return the seconds that each model takes over journeys that are told one by one, none pooled beforehand."""
    report.step(f"attribution of {_JOURNEYS:,} journeys")
    journeys = _journeys(Random(_SEED))
    return {
        "markov_100k_journeys_s": _median_s(lambda: markov(journeys)),
        "markov_no_nulls_100k_journeys_s": _median_s(lambda: markov(journeys, with_nulls=False)),
        "markov_order_2_100k_journeys_s": _median_s(lambda: markov(journeys, order=2)),
        "shapley_100k_journeys_s": _median_s(lambda: shapley(journeys)),
    }


def _journeys(rng: Random) -> list[PathCount]:
    channels = [f"channel {number}" for number in range(_CHANNELS)]
    return [_journey(rng, tuple(rng.choices(channels, k=rng.randint(1, _LONGEST)))) for _ in range(_JOURNEYS)]


def _journey(rng: Random, path: tuple[str, ...]) -> PathCount:
    if rng.randrange(10) < _CONVERTS_OF_TEN:
        return PathCount(path, 1, value=rng.randrange(5_000, 50_000))
    return PathCount(path, 0, nulls=1)


def _median_s(run: Callable[[], object]) -> float:
    def timed() -> float:
        started_at = time.perf_counter()
        run()
        return time.perf_counter() - started_at

    return round(median(timed() for _ in range(_ROUNDS)), 3)
