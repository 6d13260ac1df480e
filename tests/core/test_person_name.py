"""A name is put together of what a record gives; what is no name is none."""

from __future__ import annotations

import pytest

from core.person_name import PersonName, read_name


@pytest.mark.parametrize(
    ("full", "first", "last", "name"),
    [
        ("Rex Recall", "Rex", None, ("Rex Recall", "Rex", "Recall", True)),
        ("Rex Recall", None, None, ("Rex Recall", "Rex", "Recall", True)),
        (None, "Ana", "Lee", ("Ana Lee", "Ana", "Lee", True)),
        ("Ana Lee", "Ana", "Lee", ("Ana Lee", "Ana", "Lee", True)),
        ("Dr. Jane Smith", None, None, ("Dr. Jane Smith", "Jane", "Smith", True)),
        ("Smith, Jane", None, None, ("Jane Smith", "Jane", "Smith", True)),
        ("Rex", None, None, ("Rex", "Rex", None, False)),
        ("Jane Smith", None, "Smith", ("Jane Smith", "Jane", "Smith", True)),
        (None, None, "Novak", ("Novak", None, "Novak", False)),
        ("\u738b\u5c0f\u660e", None, None, ("\u738b\u5c0f\u660e", "\u738b\u5c0f\u660e", None, False)),
        ("Okafor Plumbing Pty Ltd", None, None, ("Okafor Plumbing Pty Ltd", None, None, False)),
        ("  Ana \t Lee ", "", " ", ("Ana Lee", "Ana", "Lee", True)),
    ],
)
def test_names(full: str | None, first: str | None, last: str | None, name: tuple[str, str, str, bool]) -> None:
    assert read_name(full, first, last) == PersonName(*name)


@pytest.mark.parametrize("text", [None, "", "  ", "+61491570156", "ana@example.com", "???", "12345"])
def test_what_is_no_name(text: str | None) -> None:
    assert read_name(text, None, None) is None
