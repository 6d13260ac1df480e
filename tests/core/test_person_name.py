"""A name is put together of what a record gives; what is no name is none."""

from __future__ import annotations

import pytest

from frontdesk.core.person_name import PersonName, read_name


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
        ("Acme, Inc.", None, None, ("Acme, Inc.", None, None, False)),
        ("X, LLC", None, None, ("X, LLC", None, None, False)),
        ("Y, Pty Ltd", None, None, ("Y, Pty Ltd", None, None, False)),
        ("Acme, L.L.C.", None, None, ("Acme, L.L.C.", None, None, False)),
        (None, "Acme", "Inc.", ("Acme Inc.", None, None, False)),
        (None, "Ana", "Co", ("Ana Co", "Ana", "Co", True)),
        ("John Smith, Jr.", None, None, ("John Smith, Jr.", "John", "Smith, Jr.", True)),
        ("Jane Smith, MD", None, None, ("Jane Smith, MD", "Jane", "Smith, MD", True)),
        ("Mr Smith", None, None, ("Mr Smith", None, "Smith", False)),
        ("Smith, Mr", None, None, ("Mr Smith", None, "Smith", False)),
        ("Mr. and Mrs. Smith", None, None, ("Mr. and Mrs. Smith", None, "Smith", False)),
        ("Mr Smith", "Mr", "Smith", ("Mr Smith", None, "Smith", False)),
        (None, "Mr Smith", None, ("Mr Smith", None, "Smith", False)),
        (None, "Dr Jane", "Smith", ("Dr Jane Smith", "Jane", "Smith", True)),
        (None, "Mr 12", "Smith", ("Mr 12 Smith", None, "Smith", False)),
        (None, "Mrs", "Smith", ("Mrs Smith", None, "Smith", False)),
        ("\U0001f600 Bob", None, None, ("Bob", "Bob", None, False)),
        ("\u2764\ufe0f Bob Smith\U0001f44d\U0001f3fd", None, None, ("Bob Smith", "Bob", "Smith", True)),
        ("Bob \U0001f600 Smith", None, None, ("Bob \U0001f600 Smith", "Bob", "Smith", True)),
        ("Rexy \U0001f525", "Rexy", None, ("Rexy", "Rexy", None, False)),
        ("Bob Smith", "Bob Smith", "Bob Smith", ("Bob Smith", "Bob", "Smith", True)),
        (None, "Bob Smith", "Smith", ("Bob Smith", "Bob", "Smith", True)),
        ("Bob", "Bob", "Bob", ("Bob", "Bob", None, False)),
        (None, "Thomas", "Thomas", ("Thomas Thomas", "Thomas", "Thomas", True)),
        ("Ana null", "Ana", "null", ("Ana", "Ana", None, False)),
        (None, "Cash", "Warren", ("Cash Warren", "Cash", "Warren", True)),
        (None, "https://evil.example", "Smith", ("Smith", None, "Smith", False)),
        ("evil.example", None, None, ("evil.example", None, None, False)),
        (None, "evil.example", "Smith", ("evil.example Smith", None, "Smith", False)),
        ("J.R. Smith", None, None, ("J.R. Smith", "J.R.", "Smith", True)),
        ("Nan", None, None, ("Nan", "Nan", None, False)),
        ("  Ana \t Lee ", "", " ", ("Ana Lee", "Ana", "Lee", True)),
        ("<b>Zed</b> Hu", None, None, ("Zed Hu", "Zed", "Hu", True)),
        ("<script>Ana</script>", "<i>Ana</i>", None, ("Ana", "Ana", None, False)),
        ("\u202eana\u202c Lee", None, None, ("ana Lee", "ana", "Lee", True)),
        (None, "A\u2066na\u2069", "\u200fLee", ("Ana Lee", "Ana", "Lee", True)),
        ("Ana <3 Lee", None, None, ("Ana <3 Lee", "Ana", "Lee", True)),
    ],
)
def test_names(full: str | None, first: str | None, last: str | None, name: tuple[str, str, str, bool]) -> None:
    assert read_name(full, first, last) == PersonName(*name)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "  ", "+61491570156", "ana@example.com", "???", "12345", "\U0001f600"),
        *("https://evil.example/login", "Bob https://evil.example/login", "evil.example/login", "www.evil.example"),
        *(
            "Win now: evil.example/x?y=1",
            "evil.example?login",
            "\uff48ttps://evil\uff0eexample/x",
            "evil.ex\u200bample/x",
        ),
        *(
            "N/A",
            "n.a.",
            "null null",
            "None",
            "none",
            "test",
            "Test Test",
            "TEST USER",
            "testing",
            "undefined",
            "nan",
        ),
        *("Walk-in customer", "Guest", "unknown", "anonymous", "xxx", "Mrs", "Dr", "Ms.", "Mr. Test", "Mr 12 34"),
    ],
)
def test_what_is_no_name(text: str | None) -> None:
    assert read_name(text, None, None) is None


def test_a_name_is_no_longer_than_a_text_can_say() -> None:
    name = read_name("A" * 90 + " " + "b" * 400, None, None)
    assert name is not None
    assert (name.first, len(name.full), len(name.last or "")) == ("A" * 40, 200, 200)
    given = read_name(None, "Ana " * 30, "Lee")
    assert given is not None
    assert given.first == " ".join(["Ana"] * 10)
