"""The rule-based models that need no times, over path tables; the warehouse computes them per touch, in SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from frontdesk.domains.attribution.crediting.paths import ModelCredits, PathCount, channels_of

Rule = Callable[[Sequence[str]], Sequence[float]]


def first(channels: Sequence[str]) -> list[float]:
    """All to the first touch."""
    return [1.0] + [0.0] * (len(channels) - 1)


def last(channels: Sequence[str]) -> list[float]:
    """All to the last touch."""
    return [0.0] * (len(channels) - 1) + [1.0]


def linear(channels: Sequence[str]) -> list[float]:
    """The same to each touch."""
    return [1.0 / len(channels)] * len(channels)


def last_non_direct(channels: Sequence[str], *, direct: Collection[str]) -> list[float]:
    """All to the last touch that is not direct; to the last if all are."""
    chosen = max((place for place, channel in enumerate(channels) if channel not in direct), default=None)
    if chosen is None:
        return last(channels)
    return [1.0 if place == chosen else 0.0 for place in range(len(channels))]


def position(channels: Sequence[str], *, percent: tuple[float, float, float]) -> list[float]:
    """Percent to the first, those between and the last; of two touches first and last in their proportion."""
    start, between, end = percent
    match len(channels):
        case 1:
            return [1.0]
        case 2:
            return [start / (start + end), end / (start + end)]
        case count:
            return [start / 100] + [between / 100 / (count - 2)] * (count - 2) + [end / 100]


def rule_credits(
    paths: Iterable[PathCount],
    *,
    direct: Collection[str] = ("direct", "unknown"),
    percent: tuple[float, float, float] = (40.0, 20.0, 40.0),
) -> Mapping[str, ModelCredits]:
    """Return the credits of first, last, last_non_direct, linear and position, by name of the model."""
    known = list(paths)
    rules: Mapping[str, Rule] = {
        "first": first,
        "last": last,
        "last_non_direct": lambda channels: last_non_direct(channels, direct=direct),
        "linear": linear,
        "position": lambda channels: position(channels, percent=percent),
    }
    return {name: _apply(rule, known) for name, rule in rules.items()}


def _apply(rule: Rule, paths: Sequence[PathCount]) -> ModelCredits:
    conversions = dict.fromkeys(channels_of(paths), 0.0)
    value = dict(conversions)
    for path in paths:
        for channel, credit in zip(path.channels, rule(path.channels), strict=True):
            conversions[channel] += credit * path.conversions
            value[channel] += credit * (path.value if path.conversions > 0 else 0.0)
    return ModelCredits(conversions, value)
