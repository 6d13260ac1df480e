"""Payloads that nobody should send: every value of a good one replaced by what does not belong there, or left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

#: JSON as text, since some of it is nothing that Python would write.
HOSTILE_VALUES: tuple[str, ...] = (
    *("null", "true", "false", "[]", "{}", "[[]]", "[null]", '[1, "x"]', '{"a": {"b": []}}', '{"a": 1, "a": 2}'),
    *("0", "-1", "1.5", "1e5", "1e308", "1e999", "-1e999", "99999999999999", "9223372036854775808"),
    *("123456789012345678901234567890", "0.1234567890123456789012345678901234567890"),
    *('""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud83d\\ude00"', '"\\u202e"', '"line\\nline"', '"%s"', '"\\\\"'),
    *('"NaN"', '"infinity"', '"-infinity"', '"1e999"', '"0x10"', '"-1"', '"1_000"', '"12,50"', '"+61 400 000 000"'),
    *('"epoch"', '"now"', '"today"', '"2024-02-30"', '"2024-13-01T25:61:00Z"', '"2024-01-01T00:00:00+99:99"'),
    *('"290309-12-22T00:00:00Z"', '"2999-12-31T23:59:59.999999999-23:59"', '"2024-01-01T00:00:00 Mars/Olympus"'),
    *('"Mars/Olympus"', '"\'; drop table raw.event_log; --"', '"{\\"a\\": 1}"', '"[1]"', '"$.a[*]"'),
    json.dumps("x" * 5_000),
    "[" * 60 + "]" * 60,
)
_PLACE = "the place of a hostile value"


def hostile_variants(payload: Any) -> Iterator[str]:
    """Yield the payload as JSON text: each node in turn, the whole too, missing or replaced by each hostile value."""
    for path in _paths(payload):
        template = json.dumps(_replaced(payload, path, _PLACE))
        for value in HOSTILE_VALUES:
            yield template.replace(json.dumps(_PLACE), value)
        if path:
            yield json.dumps(_without(payload, path))


def _paths(node: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _paths(child, (*path, key))


def _replaced(node: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    copy = node.copy()
    copy[path[0]] = _replaced(node[path[0]], path[1:], value)
    return copy


def _without(node: Any, path: Path) -> Any:
    copy = node.copy()
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(node[path[0]], path[1:])
    return copy
