"""Phones become E.164 by region; what is no phone or address is refused."""

from __future__ import annotations

import pytest

from frontdesk.domains.imports.cell_values import parse_email, parse_phone
from frontdesk.domains.imports.problems import CellError


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("(713) 555-0142", "US", "+17135550142"),
        ("1-713-555-0142", "US", "+17135550142"),
        ("713.555.0142 x12", "US", "+17135550142;ext=12"),
        ("(555) 123-4567", "US", "+15551234567"),
        ("0491 570 006", "AU", "+61491570006"),
        ("491570006", "AU", "+61491570006"),
        ("61491570006", "AU", "+61491570006"),
        ("p:+61491570006", "US", "+61491570006"),
        ("+44 7700 900123", "AU", "+447700900123"),
        ("07700 900123", "GB", "+447700900123"),
        ("1300 123 456", "AU", "+611300123456"),
        ("(08) 9555 0123", "AU", "+61895550123"),
        ("03-1234-5678", "JP", "+81312345678"),
    ],
)
def test_phones(text: str, region: str, number: str) -> None:
    assert parse_phone(text, region=region) == number


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("call wife", "US"),
        ("555-0142", "US"),
        ("12345", "AU"),
        ("0412 345", "AU"),
        ("+1 713 555 01424", "US"),
        ("0", "GB"),
    ],
)
def test_what_is_no_phone_is_refused(text: str, region: str) -> None:
    with pytest.raises(CellError, match="is no phone number"):
        parse_phone(text, region=region)


def test_emails() -> None:
    assert parse_email("Dana.Reyes+cars@Example.COM") == "dana.reyes+cars@example.com"
    assert parse_email("mailto:ann@example.co.uk") == "ann@example.co.uk"
    for text in ("ann", "ann@", "ann@example", "a b@example.com", "a@b@example.com", "a@example.com, b@example.com"):
        with pytest.raises(CellError, match="is no e-mail address"):
            parse_email(text)
