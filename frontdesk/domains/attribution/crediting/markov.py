"""Markov attribution by removal effect, exact: solved as an absorbing chain, not simulated.

Anderl, Becker, von Wangenheim and Schumann (2016), "Mapping the customer journey", as the package ChannelAttribution
computes it: the transitions of all paths are pooled; a channel's removal effect is the share of the conversions that
is lost when every step into the channel leads to the null state; removal effects are scaled to add up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontdesk.core.errors import FrontdeskError
from frontdesk.domains.attribution.crediting.paths import ModelCredits, PathCount, channels_of, share_out

#: A state is the last channels of a journey, as many as the order; the empty one is the start.
_State = tuple[str, ...]
_START: _State = ()
#: The chain is solved whole: a table of so many states squared is half a gigabyte, and each channel solves it again.
_MOST_STATES = 8_000
_Vector = NDArray[np.float64]


class TooManyStatesError(FrontdeskError):
    """The paths have too many states at this order to be solved exactly."""

    http_status = 400
    title = "Order too high"


@dataclass(frozen=True, slots=True)
class MarkovCredits:
    """Credits by Markov chain, and the removal effects that they come from (0 to 1 each)."""

    credits: ModelCredits
    conversion_removal: Mapping[str, float]
    value_removal: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Chain:
    states: Sequence[_State]  #: the first is the start
    steps: _Vector  #: [from, to] probability of a step between two states
    conversion: _Vector  #: [from] probability that the next step is a conversion
    value: _Vector  #: [from] what the next step is worth on average


def markov(paths: Iterable[PathCount], *, order: int = 1, with_nulls: bool = True) -> MarkovCredits:
    """Return the credits of all channels of paths, conversions and value each adding up to their totals.

    `order` is how many channels back a step depends on. Without nulls only the paths to conversions are known; a
    removed channel still leads to the null state. Value has removal effects of its own: a conversion out of a state
    is worth the mean of those out of that state. Raises ValueError for an order below 1,
    TooManyStatesError for one that makes too many states.
    """
    if order < 1:
        raise ValueError(f"order is {order}; give 1 or more")
    known = [path for path in paths if path.conversions > 0 or (with_nulls and path.nulls > 0)]
    channels = channels_of(known)
    conversions = sum(path.conversions for path in known)
    value = sum(path.value for path in known if path.conversions > 0)
    if not channels or conversions == 0:
        nothing = dict.fromkeys(channels, 0.0)
        return MarkovCredits(ModelCredits(nothing, nothing), nothing, nothing)
    chain = _chain_of(known, order=order, with_nulls=with_nulls)
    effects = np.array([_removal(chain, channel) for channel in channels])
    conversion_removal = dict(zip(channels, map(float, effects[:, 0]), strict=True))
    value_removal = dict(zip(channels, map(float, effects[:, 1]), strict=True))
    return MarkovCredits(
        ModelCredits(share_out(conversions, conversion_removal), share_out(value, value_removal)),
        conversion_removal,
        value_removal,
    )


def _chain_of(paths: Sequence[PathCount], *, order: int, with_nulls: bool) -> _Chain:
    numbers: dict[_State, int] = {_START: 0}
    counts: dict[tuple[int, int], float] = defaultdict(float)
    ends: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])  # conversions, value, all journeys
    for path in paths:
        nulls = path.nulls if with_nulls else 0.0
        weight = path.conversions + nulls
        here = 0
        for state in _states(path.channels, order=order):
            there = numbers.setdefault(state, len(numbers))
            counts[here, there] += weight
            here = there
        end = ends[here]
        end[0] += path.conversions
        end[1] += path.value if path.conversions > 0 else 0.0
        end[2] += weight
    if len(numbers) > _MOST_STATES:
        raise TooManyStatesError(
            f"order {order} makes {len(numbers):,} states of these paths, and {_MOST_STATES:,} can be solved;"
            " give a lower --order"
        )
    steps = np.zeros((len(numbers), len(numbers)))
    for (source, target), count in counts.items():
        steps[source, target] = count
    ended = np.array([ends.get(number, (0.0, 0.0, 0.0)) for number in range(len(numbers))])
    leaving = steps.sum(axis=1) + ended[:, 2]
    return _Chain(
        states=list(numbers),
        steps=steps / leaving[:, None],
        conversion=ended[:, 0] / leaving,
        value=ended[:, 1] / leaving,
    )


def _states(channels: Sequence[str], *, order: int) -> Iterator[_State]:
    for end in range(1, len(channels) + 1):
        yield tuple(channels[max(0, end - order) : end])


def _removal(chain: _Chain, channel: str) -> tuple[float, float]:
    """Return the share of conversions and of value that is lost without a channel."""
    with_it = _reached(chain, [True] * len(chain.states))
    without = _reached(chain, [channel not in state for state in chain.states])
    return _lost(with_it[0], without[0]), _lost(with_it[1], without[1])


def _lost(whole: float, left: float) -> float:
    return 0.0 if whole == 0 else max(0.0, 1.0 - left / whole)


def _reached(chain: _Chain, kept: Sequence[bool]) -> tuple[float, float]:
    """Return probability of a conversion and expected value from the start, over the states that are kept."""
    rows = np.flatnonzero(kept)
    inner = np.eye(len(rows)) - chain.steps[np.ix_(rows, rows)]
    ends = np.column_stack((chain.conversion[rows], chain.value[rows]))
    conversion, value = np.linalg.solve(inner, ends)[0]
    return float(conversion), float(value)
