"""Segments of texts: known lengths, what may not be split, and what a text costs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from frontdesk.domains.sending.sms_segments import SmsPrices, measure_sms, price_sms

_EXTENDED = "^{}\\[~]|€\f"
_PLAIN = "abcXYZ019 @£è\n\rΔ_ÄÖñüà¿§"
_PRICES = SmsPrices.model_validate({"currency": "USD", "per_segment": {"+1": "0.0075", "+1787": "0.05"}})


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        # 153 is odd: each segment of a series leaves its last septet empty, 76 euros to a segment.
        ("€" * 152, "GSM-7", 304, 2),
        ("€" * 153, "GSM-7", 306, 3),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 306, 2),
        ("ç" * 70, "UCS-2", 70, 1),
        ("ç" * 71, "UCS-2", 71, 2),
        ("ç" * 134, "UCS-2", 134, 2),
        ("ç" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        # 67 is odd: 33 emoji to a segment.
        ("😀" * 66, "UCS-2", 132, 2),
        ("😀" * 67, "UCS-2", 134, 3),
        ("\u2019", "UCS-2", 1, 1),
        ("`", "UCS-2", 1, 1),
        ("\t", "UCS-2", 1, 1),
        ("À la carte", "UCS-2", 10, 1),
        ("Ç à è", "GSM-7", 5, 1),
    ],
)
def test_known_lengths(text: str, encoding: str, units: int, segments: int) -> None:
    size = measure_sms(text)

    assert (size.encoding, size.count_units, size.count_segments) == (encoding, units, segments)


def test_every_character_of_the_alphabet_is_counted_once_or_as_an_escape() -> None:
    sizes = {chr(code): measure_sms(chr(code)) for code in range(0x10000)}

    basic = [character for character, size in sizes.items() if (size.encoding, size.count_units) == ("GSM-7", 1)]
    extended = [character for character, size in sizes.items() if (size.encoding, size.count_units) == ("GSM-7", 2)]
    assert len(basic) == 127  # 128 places, one of which is the escape itself
    assert sorted(extended) == sorted(_EXTENDED)


@given(st.text(alphabet=_PLAIN + _EXTENDED + "çЖ\u2019😀🚗", max_size=700))
def test_segments_are_those_of_a_packer_that_cuts_encoded_text(text: str) -> None:
    size = measure_sms(text)

    assert size.count_segments == _pack(text)


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_longer_text_never_takes_fewer_segments(head: str, tail: str) -> None:
    assert measure_sms(head + tail).count_segments >= measure_sms(head).count_segments


@given(st.text(alphabet=_PLAIN + _EXTENDED + "ç😀", min_size=1, max_size=500))
def test_segments_hold_the_units_and_waste_at_most_one_each(text: str) -> None:
    size = measure_sms(text)
    room = 153 if size.encoding == "GSM-7" else 67

    if size.count_segments > 1:
        assert (size.count_segments - 1) * (room - 1) < size.count_units <= size.count_segments * room


def _pack(text: str) -> int:
    """Count segments the other way round: encode to units, then cut, stepping back from the middle of a pair."""
    units: list[str] = []
    if all(character in _PLAIN + _EXTENDED for character in text):
        alone, room = 160, 153
        for character in text:
            units += ["escape", "second"] if character in _EXTENDED else ["single"]
    else:
        alone, room = 70, 67
        encoded = text.encode("utf-16-be")
        for high in encoded[::2]:
            units.append("second" if 0xDC <= high <= 0xDF else "single")
    if len(units) <= alone:
        return 1
    segments, start = 0, 0
    while start < len(units):
        end = start + room
        if end < len(units) and units[end] == "second":
            end -= 1
        segments, start = segments + 1, end
    return segments


@pytest.mark.parametrize(
    ("text", "recipient", "cost"),
    [
        ("a", "+16195550123", Decimal("0.0075")),
        ("a" * 161, "+16195550123", Decimal("0.0150")),
        ("a" * 161, "+17875550123", Decimal("0.10")),
        ("a", "+61412345678", None),
    ],
)
def test_a_text_costs_its_segments_at_the_longest_prefix_s_price(
    text: str, recipient: str, cost: Decimal | None
) -> None:
    assert price_sms(measure_sms(text), recipient=recipient, prices=_PRICES) == cost


@pytest.mark.parametrize(
    ("per_segment", "problem"),
    [
        ({"1": "0.01"}, "String should match pattern"),
        ({"+1": "-1"}, "greater than or equal to 0"),
        ({}, "at least 1"),
    ],
)
def test_a_price_table_names_prefixes_and_prices(per_segment: dict[str, str], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        SmsPrices.model_validate({"currency": "USD", "per_segment": per_segment})
