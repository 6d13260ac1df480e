"""The one rounding of a line, and shares of a whole amount that add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def round_half_up(amount: Fraction) -> int:
    """Return an amount of zero or more in whole minor units, a half rounded up.

    >>> round_half_up(Fraction(5, 2)), round_half_up(Fraction(249, 100))
    (3, 2)
    """
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Return shares of a total in proportion to weights, by the largest remainder: they add up to the total.

    Of equal remainders the earlier weight's goes first. A share is never more than its weight if the total is not
    more than their sum. Raises ValueError for a total other than 0 without weights.

    >>> allocate(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(weights)
    if not whole:
        if total:
            raise ValueError("nothing to share it out to")
        return [0] * len(weights)
    shares, remainders = [], []
    for weight in weights:
        share, remainder = divmod(total * weight, whole)
        shares.append(share)
        remainders.append(remainder)
    largest_first = sorted(range(len(weights)), key=lambda at: -remainders[at])
    for at in largest_first[: total - sum(shares)]:
        shares[at] += 1
    return shares
