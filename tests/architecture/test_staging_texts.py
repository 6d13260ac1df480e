"""Texts of payloads: the first one that says something counts, never the first one that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_PROJECT = Path(__file__).parents[2] / "dbt_project"
_FILES = sorted((*_PROJECT.glob("models/staging/*/*.sql"), *_PROJECT.glob("macros/staging/*.sql")))
_COALESCE = re.compile(r"\bcoalesce\(")
#: A text as the payload has it: a path, in Jinja too, perhaps with an arrow.
_BARE = re.compile(r"\w+(\.(\w+|\{\{[^}]*\}\}))+(\s*->>?\s*'[^']*')?|\w+\s*->>?\s*'[^']*'")
_LITERAL = re.compile(r"'[^']*'|true|false|\d+")


def _arguments(text: str, start: int) -> list[str]:
    """Return the arguments of the call whose bracket is open before `start`."""
    arguments, depth, since = [], 1, start
    for at in range(start, len(text)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[at], 0)
        if depth == 0 or (depth == 1 and text[at] == ","):
            arguments.append(text[since:at].strip())
            since = at + 1
        if depth == 0:
            break
    return arguments


def _bare_coalesces(text: str) -> Iterator[str]:
    """Yield each coalesce that would keep a blank text where another one follows."""
    for call in _COALESCE.finditer(text):
        *first, last = _arguments(text, call.end())
        if any(_BARE.fullmatch(argument) for argument in first) and not _LITERAL.fullmatch(last):
            yield f"coalesce({', '.join((*first, last))})"


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_no_blank_text_hides_another(file: Path) -> None:
    assert list(_bare_coalesces(file.read_text(encoding="utf-8"))) == [], "use first_text"


@pytest.mark.parametrize(
    ("sql", "is_bare"),
    [
        ("coalesce(a.email, a.contact_email)", True),
        ("{{ line_text('coalesce(a.email, a.b.c)') }}", True),
        ("coalesce(post.{{ spelling }}, post.data.{{ spelling }})", True),
        ("coalesce(message.to ->> '$[0]', message.to ->> '$')", True),
        ("coalesce(customer.id, subject_id)", True),
        ("coalesce(nullif(a.phone, ''), a.mobile)", False),
        ("coalesce({{ line_text('a.id') }}, subject_id, source_event_id)", False),
        ("coalesce(a.mode, '')", False),
    ],
)
def test_what_is_a_bare_text(sql: str, is_bare: bool) -> None:
    assert bool(list(_bare_coalesces(sql))) is is_bare
