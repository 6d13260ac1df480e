"""Templates put columns into text."""

from __future__ import annotations

import pytest

from frontdesk.domains.imports.problems import CellError
from frontdesk.domains.imports.templates import Template

CELLS = {"Appointment ID": "501", "First": "Dana", "Last": "", "Who: name?": "x"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("appt-{Appointment ID}-created", "appt-501-created"),
        ("{First} {Last}", "Dana"),
        ("{Last}", ""),
        ("no columns", "no columns"),
        ("{{{First}}}", "{Dana}"),
        ("{Who: name?}!", "x!"),
    ],
)
def test_render(template: str, text: str) -> None:
    assert Template(template).render(CELLS) == text


def test_columns_are_told() -> None:
    assert Template("{First}-{ Appointment ID }").columns == ("First", "Appointment ID")


def test_an_id_is_never_made_of_an_empty_column() -> None:
    with pytest.raises(CellError, match="an id is made of it") as caught:
        Template("{First}-{Last}").render_id(CELLS)
    assert caught.value.column == "Last"


@pytest.mark.parametrize("text", ["{First", "First}", "{}", "{First}}"])
def test_a_lone_brace_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a brace has no partner"):
        Template(text)
