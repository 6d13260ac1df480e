"""Shapley attribution, exact for any number of channels.

The game: a coalition of channels is worth the conversions of the journeys that only these channels touched. It is a
sum of unanimity games, one per set of channels that a journey had, so each set's conversions are shared equally by
its members (Shapley 1953; the simplified form of Zhao, Mahboobi-Ardakani and Bagheri 2018). No coalition has to be
listed: the cost grows with the paths and not with 2 to the number of channels. Order and repeats don't count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from frontdesk.domains.attribution.crediting.paths import Credits, ModelCredits, PathCount, channels_of


def shapley(paths: Iterable[PathCount]) -> ModelCredits:
    """Return the credits of all channels of paths; journeys without a conversion add nothing to any coalition."""
    known = list(paths)
    return ModelCredits(
        conversions=_values(known, worth=lambda path: path.conversions),
        value=_values(known, worth=lambda path: path.value if path.conversions > 0 else 0.0),
    )


def _values(paths: Sequence[PathCount], *, worth: Callable[[PathCount], float]) -> Credits:
    values = dict.fromkeys(channels_of(paths), 0.0)
    for path in paths:
        members = sorted(set(path.channels))
        for channel in members:
            values[channel] += worth(path) / len(members)
    return values
