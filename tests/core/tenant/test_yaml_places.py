"""Lines of keys and items in a YAML file."""

from __future__ import annotations

import pytest
import yaml

from frontdesk.core.tenant.yaml_places import line_of

_TEXT = """\
a: 1
b:
  - c: 2
    d: {e: 3,
        f: 4}
  -
    c: 5
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("a",), 1),
        (("b",), 2),
        (("b", 0), 3),
        (("b", 0, "d", "e"), 4),
        (("b", 0, "d", "f"), 5),
        (("b", 1, "c"), 7),
        (("b", 0, "missing"), 3),
        (("b", 0, "d", "missing", "further"), 4),
        (("b", 9), 2),
        (("a", "deeper"), 1),
    ],
)
def test_the_line_is_that_of_the_key_or_of_what_holds_it(path: tuple[str | int, ...], line: int) -> None:
    root = yaml.compose(_TEXT)
    assert root is not None

    assert line_of(root, path) == line
