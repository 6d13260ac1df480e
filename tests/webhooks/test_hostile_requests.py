"""No request makes a route of the receiver fail: hostile bodies, headers, paths and queries on every one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from fastapi.routing import APIRoute

from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY
from tests.webhooks.staff import add

JSON = {"content-type": "application/json"}
BODIES: Mapping[str, bytes] = {
    "deep JSON": b"[" * 20_000 + b"]" * 20_000,
    "deep object": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "unfinished": b'{"a":',
    "huge number": b'{"a":' + b"9" * 20_000 + b"}",
    "no number": b'{"a":NaN,"b":Infinity,"c":1e999}',
    "half a character": b'"\\ud800"',
    "no UTF-8": b'{"a":"\xff\xfe"}',
    "NUL": b"\x00",
    "list": b"[]",
    "deep YAML": b"- " * 9_000 + b"x",
    "deep flow": b"slug: " + b"[" * 20_000,
    "aliases": b"a: &a [1,1]\n" + b"".join(b"b%d: &b%d [*a,*a]\n" % (number, number) for number in range(50)),
    "an alias of itself": b"a: &x [*x]",
    "no day": b"slug: 2026-13-45",
    "many digits": b"slug: " + b"9" * 6_000,
}
HEADERS: tuple[Mapping[str, str], ...] = (
    {"authorization": "Bearer \xff\xfe"},
    {"authorization": "Bearer " + "a" * 5_000},
    {"authorization": "Basic \xe9"},
    {"x-api-key": "\xff"},
    {"cookie": "frontdesk_session=" + "." * 4_000},
    {"cookie": 'frontdesk_session="\\377\xff; a=\xff'},
    {"origin": "http://["},
    {"origin": "\xff"},
    {"host": "["},
    {"host": "a" * 300 + ":99999999999"},
    {"content-type": "\xff/\xfe; charset=\xff"},
    {"content-type": "application/json; charset=utf-7"},
    {"content-type": "multipart/form-data"},
    {"content-length": "9" * 5_000},
    {"content-length": "-1"},
    {"idempotency-key": "\xff"},
    {"range": "bytes=9-1"},
    {"accept": "\xff"},
    {"x-forwarded-for": "[" * 100},
)
TEXTS = (
    "%00",
    "%ED%A0%80",
    "%ff",
    "%",
    "..%2f..%2f",
    "9" * 5_000,
    "-1",
    "%F0%9F%98%80",
    "a" * 3_000,
    "0x10",
    "1e999",
)


def routes(receiver: RunningReceiver) -> list[tuple[str, str]]:
    """Every method and path, whatever is added."""
    found: list[tuple[str, str]] = []

    def collect(candidates: Any) -> None:
        for route in candidates:
            if isinstance(route, APIRoute):
                found.extend((method, route.path) for method in route.methods or ())
            elif hasattr(route, "original_router"):
                collect(route.original_router.routes)
            elif hasattr(route, "routes"):
                collect(route.routes)

    collect(receiver.app.routes)
    assert len(found) > 30
    return sorted(set(found))


def filled(path: str, text: str) -> str:
    """The path with the text for each of its parameters."""
    parts = path.split("{")
    return parts[0] + "".join(text + part.partition("}")[2] for part in parts[1:])


@pytest.fixture
def receiver(start: StartReceiver, directory: StaffDirectory) -> RunningReceiver:
    add(directory, Role.OWNER)
    return start()


def failures(receiver: RunningReceiver, posts: list[tuple[str, Post]]) -> list[tuple[str, str, str, int]]:
    """What was answered by an error of ours. 503 is one where it says nothing of what is away."""
    found = []
    for name, post in posts:
        answer = receiver.send(post)
        is_told = answer.status == 503 and b"published" in answer.body
        if answer.status >= 500 and not is_told:
            found.append((name, post.method, post.path, answer.status))
    return found


def test_no_body_makes_a_route_fail(receiver: RunningReceiver) -> None:
    key = {"authorization": f"Bearer {OWNER_KEY}"}
    posts = [
        (name, Post(filled(path, "x"), body, {"content-type": media_type, **key}, method=method))
        for method, path in routes(receiver)
        for name, body in BODIES.items()
        for media_type in ("application/json", "application/yaml", "application/x-www-form-urlencoded")
        if method not in ("GET", "HEAD")
    ]
    assert failures(receiver, posts) == []


def test_no_header_makes_a_route_fail(receiver: RunningReceiver) -> None:
    key = {"authorization": f"Bearer {OWNER_KEY}"}
    posts = [
        (str(header), Post(filled(path, "x"), b"{}", {**JSON, **key, **header}, method=method))
        for method, path in routes(receiver)
        for header in HEADERS
    ]
    assert failures(receiver, posts) == []


def test_no_address_makes_a_route_fail(receiver: RunningReceiver) -> None:
    key = {"authorization": f"Bearer {OWNER_KEY}"}
    names = (
        "limit",
        "before",
        "after",
        "contact",
        "state",
        "channel",
        "next",
        "assigned_to",
        "is_use",
        "kind",
        "since",
    )
    posts = [
        (
            text,
            Post(
                filled(path, text),
                b"{}",
                {**JSON, **key},
                query="&".join(f"{name}={text}" for name in names[part::2]),
                method=method,
            ),
        )
        for method, path in routes(receiver)
        for text in TEXTS
        for part in (0, 1)
    ]
    assert failures(receiver, posts) == []


@pytest.mark.parametrize("field", ["password", "email", "tenant"])
@pytest.mark.parametrize("text", ["\ud800", "\x00", "\udfff" * 100, "9" * 300, "\u202e", ""])
def test_no_text_makes_signing_in_fail(receiver: RunningReceiver, field: str, text: str) -> None:
    body = {"tenant": "salon", "email": "owner@example.com", "password": "a long enough sentence"} | {field: text}
    escaped = "".join(f"\\u{ord(character):04x}" for character in text)
    raw = orjson.dumps(body | {field: "@"}).replace(b'"@"', f'"{escaped}"'.encode())
    assert receiver.send(Post("/v1/sessions", raw, JSON)).status in (401, 422)
