"""Small draws that every story makes."""

from __future__ import annotations

from datetime import timedelta
from random import Random


def happens(rng: Random, probability: float) -> bool:
    """Return True with this probability."""
    return rng.random() < probability


def shortly(rng: Random, *, seconds: float) -> timedelta:
    """Return a short while: `seconds` in the middle, sometimes several times that, never nothing."""
    return timedelta(milliseconds=int(1000 * seconds * rng.lognormvariate(0, 0.6)) + 50)


def a_while(rng: Random, *, days: float, spread: float = 0.3, at_least: float = 0.0) -> timedelta:
    """Return about so many days, give or take `spread` of them."""
    return timedelta(minutes=int(max(rng.gauss(days, spread * days), at_least) * 1440))
