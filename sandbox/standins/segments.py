"""How many parts a text is billed as."""

from __future__ import annotations

import math

_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("^{}\\[~]|€\f")  # two septets each


def count_segments(text: str) -> int:
    """Return the parts: 160 septets of GSM 03.38 or 70 UTF-16 units in one, 153 or 67 in each of several."""
    if all(character in _GSM_BASIC or character in _GSM_EXTENDED for character in text):
        units, alone, joined = sum(2 if character in _GSM_EXTENDED else 1 for character in text), 160, 153
    else:
        units, alone, joined = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= alone else math.ceil(units / joined)
