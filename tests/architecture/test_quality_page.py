"""docs/quality.md names a test for every kind of fault, each of which exists, and says how many kinds there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
_HEAD = "| Kind of fault | What holds now | Test |"
#: A file with a test of it, another test of the same file, or a unit test of dbt by its name.
_NAMED = re.compile(r"(?P<file>[\w/.-]*test\w*\.(?:py|yml))?(?:::(?P<test>\w+))?|(?P<unit>test_\w+)")


def _kinds() -> Iterator[str]:
    """Yield the cell of each kind that names its tests."""
    is_in_table = False
    for line in PAGE.splitlines():
        if line.startswith("|---"):
            continue
        is_in_table = line == _HEAD or (is_in_table and line.startswith("|"))
        if is_in_table and line != _HEAD:
            yield line.rstrip().rstrip("|").rpartition(" | ")[2]


KINDS = list(_kinds())
_UNIT_TESTS = "\n".join(
    file.read_text(encoding="utf-8") for file in (ROOT / "dbt_project" / "models").rglob("*unit_tests.yml")
)


@pytest.mark.parametrize("cell", KINDS)
def test_every_test_that_is_named_exists(cell: str) -> None:
    count = 0
    text = ""
    for named in _NAMED.finditer(cell):
        if file := named["file"]:
            places = [path for path in (ROOT / file, *ROOT.glob(f"tests/**/{file}")) if path.is_file()]
            assert places, file
            text = places[0].read_text(encoding="utf-8")
            count += 1
        if test := named["test"]:
            assert re.search(rf"(def|name:) {test}\b", text + _UNIT_TESTS), test
            count += 1
        if unit := named["unit"]:
            assert f"name: {unit}\n" in _UNIT_TESTS, unit
            count += 1
    assert count, "names no test"


def test_the_page_says_how_many_kinds_there_are() -> None:
    assert f"{len(KINDS)} kinds" in PAGE
