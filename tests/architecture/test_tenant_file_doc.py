"""docs/tenant-file.md is what the language of businesses' files says, with an example of every key."""

from __future__ import annotations

import re

import pytest
import yaml

from frontdesk.domains.tenancy.file_reference import DOCUMENT, TENANTS, file_reference
from tests.architecture.repository import ROOT

_ROW = re.compile(r"(?<!\\)\|")
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in _ROW.split(line)[1:-1]] for line in TEXT.splitlines() if line.startswith("| `")]


def test_the_committed_document_is_what_the_language_says() -> None:
    assert file_reference(ROOT / TENANTS) == TEXT, "write it: python -m frontdesk.domains.tenancy.file_reference"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_key_says_what_it_is_with_an_example(row: list[str]) -> None:
    key, type_words, needed, description, example = row
    assert type_words
    assert needed == "yes" or needed.startswith("no")
    assert description.endswith(".")
    if "](#" in type_words and not example:
        return  # its own section has examples
    assert list(yaml.safe_load(example.strip("`").replace("\\|", "|"))) == [key.strip("`")]


def test_every_section_that_is_named_is_there() -> None:
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", TEXT, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([a-z-]+)\)", TEXT)) <= headings
