"""`frontdesk attribution`: path tables as they are published, and what is wrong with others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from frontdesk.domains.attribution.cli import app
from frontdesk.domains.attribution.crediting.markov import TooManyStatesError
from frontdesk.domains.attribution.path_files import PathFileError, read_paths

PUBLISHED = """path;total_conversions;total_conversion_value;total_null
eta > iota;1;0.25;3
iota;2;3.5;6
;1;2;0
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "paths.csv"
    path.write_text(PUBLISHED, encoding="utf-8")
    return path


def test_json_has_every_model_and_all_conversions(file: Path) -> None:
    done = CliRunner().invoke(app, [str(file), "--json"])
    models = json.loads(done.stdout)
    assert set(models) == {
        *("first", "last", "last_non_direct", "linear", "position"),
        *("markov", "markov_no_nulls", "shapley"),
    }
    for credited in models.values():
        assert sum(credited["conversions"].values()) == pytest.approx(4)
        assert sum(credited["value"].values()) == pytest.approx(5.75)
        assert credited["conversions"]["none"] == 1


def test_the_table_shows_channels_and_models(file: Path) -> None:
    done = CliRunner().invoke(app, [str(file)], env={"COLUMNS": "200"})
    assert "eta" in done.stdout
    assert "markov_no_nulls" in done.stdout
    assert "Value" in done.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("channel,total\na,1\n", "no column path and no total_conversions"),
        ("path,total_conversions\na > > b,1\n", "line 2: path: .* has an empty channel"),
        ("path,total_conversions\na,many\n", "line 2: total_conversions: 'many' is no number"),
        ("path,total_conversions\na,-1\n", "'-1' is no number of 0 or more"),
    ],
)
def test_what_is_wrong_is_told_by_line(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(PathFileError, match=message):
        read_paths(file)


def test_an_order_of_too_many_states_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    letters = [f"{number:x}" for number in range(100)]
    paths = (f"{a} > {b} > {a},1" for a in letters for b in letters)
    file.write_text("\n".join(["path,total_conversions", *paths]), encoding="utf-8")
    with pytest.raises(TooManyStatesError, match=r"order 2 makes 10,101 states .* give a lower --order"):
        CliRunner().invoke(app, [str(file), "--order", "2"], catch_exceptions=False)
