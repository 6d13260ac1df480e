"""Text out of a payload: what people and programs leave around it is no reason to lose it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from jinja2 import Environment, FileSystemLoader

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "staging"


@pytest.fixture(scope="module")
def line_text() -> str:
    environment = Environment(loader=FileSystemLoader(MACROS))  # noqa: S701 - SQL, not HTML
    sql = environment.get_template("payload_text.sql").module.line_text("?")  # type: ignore[attr-defined]
    return f"select {sql}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0491 570 301\n", "0491 570 301"),
        ("\r\nn1@example.com\r\n", "n1@example.com"),
        ("Robert\nSmith", "Robert Smith"),
        ("a\tb\t", "a b"),
        ("two  blanks", "two  blanks"),
        ("[VIP] Ana", "[VIP] Ana"),
        ("\n", None),
        (" \t\r\n", None),
        ('{"a": 1}', None),
        ('["a"]', None),
        ("", None),
        (None, None),
    ],
)
def test_a_line_is_trimmed_and_kept(line_text: str, text: str | None, expected: str | None) -> None:
    assert duckdb.execute(line_text, [text]).fetchone() == (expected,)
