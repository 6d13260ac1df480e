"""Path tables: how often each sequence of channels converted, what that was worth, how often it did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Who is credited with conversions before which there was no touch.
NO_CHANNEL = "none"
#: Channel to its credit; the sum over the channels is what was to be credited.
Credits = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PathCount:
    """All journeys of one sequence of channels."""

    channels: tuple[str, ...]  #: in order of time, repeats kept; not empty
    conversions: float  #: journeys that ended in a conversion
    value: float = 0.0  #: what those conversions were worth together, in any one unit
    nulls: float = 0.0  #: journeys that ended without one

    def __post_init__(self) -> None:
        """Raise ValueError if it is no path or a count is below zero."""
        if not self.channels:
            raise ValueError("a path needs a channel; journeys without a touch are credited outside the models")
        if min(self.conversions, self.nulls) < 0:
            raise ValueError(f"path {' > '.join(self.channels)}: counts must not be below zero")


@dataclass(frozen=True, slots=True)
class ModelCredits:
    """What one model gives each channel."""

    conversions: Credits
    value: Credits


def with_untouched(credited: ModelCredits, *, conversions: float, value: float) -> ModelCredits:
    """Return the credits, with conversions without a touch as those of the channel `none`."""
    if conversions == 0:
        return credited
    return ModelCredits(
        conversions={**credited.conversions, NO_CHANNEL: credited.conversions.get(NO_CHANNEL, 0.0) + conversions},
        value={**credited.value, NO_CHANNEL: credited.value.get(NO_CHANNEL, 0.0) + value},
    )


def channels_of(paths: Iterable[PathCount]) -> tuple[str, ...]:
    """Return every channel of the paths, in order of the alphabet."""
    return tuple(sorted({channel for path in paths for channel in path.channels}))


def share_out(total: float, weights: Credits) -> Credits:
    """Return the total split by weights that are not below zero; equally if all are zero."""
    whole = sum(weights.values())
    if whole <= 0:
        return {channel: total / len(weights) for channel in weights}
    return {channel: total * weight / whole for channel, weight in weights.items()}


def round_to_whole(total: int, parts: Mapping[str, float]) -> dict[str, int]:
    """Return the parts as whole numbers that add up to the total, by largest remainder; ties by name.

    The parts add up to the total already but for the error of floating point.
    """
    if not parts and total == 0:
        return {}
    floors = {name: int(part // 1) for name, part in parts.items()}
    ranked = sorted(parts, key=lambda name: (floors[name] - parts[name], name))
    left = total - sum(floors.values())
    if not ranked or not 0 <= left <= len(ranked):
        raise ValueError(f"parts add up to {sum(parts.values())}, not to {total}")
    return floors | {name: floors[name] + 1 for name in ranked[:left]}
