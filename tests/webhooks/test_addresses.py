"""Addresses as people paste them, and JSON keys that come twice: one meaning, told where it can't be taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from frontdesk.connectors.bodies import one_reading, parse_json
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.schema import rejected_deliveries
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import Post, RunningReceiver
from tests.webhooks.server import served
from tests.webhooks.signing import SIGNED, TENANT, path_of, stripe_post, twilio_post
from tests.webhooks.test_server import post

SPELLINGS = ("{}/", "{}//", "/{}", "//{}", "/webhooks//salon/{source}", "/webhooks/salon//{source}/")
TEXT = {"MessageSid": "SM1", "From": "+61400000001", "Body": "hi"}


def spelled(source: str) -> list[str]:
    return [spelling.format(path_of(source), source=source) for spelling in SPELLINGS]


@pytest.mark.parametrize("path", spelled("stripe"))
def test_slashes_too_many_are_taken(receiver: RunningReceiver, log: EventLog, path: str) -> None:
    assert receiver.send(stripe_post({"id": "evt_1", "type": "x"}).changed(path=path)).status == 200
    assert only_event(log).source == "stripe"


@pytest.mark.parametrize("path", spelled("twilio"))
def test_twilio_signs_the_address_as_it_calls_it_and_a_proxy_may_put_it_right(
    start: StartReceiver, log: EventLog, path: str
) -> None:
    receiver = start()
    signed_as_called = twilio_post(TEXT, path=path)
    assert receiver.send(signed_as_called.changed(path=path)).status == 200
    signed_as_meant = twilio_post(TEXT | {"MessageSid": "SM2"})
    assert receiver.send(signed_as_meant.changed(path=path)).status == 200
    forged = twilio_post(TEXT | {"MessageSid": "SM3"}, path="/webhooks/bakery/twilio")
    assert receiver.send(forged.changed(path=path)).status == 401
    assert log.last_sequence() == 2


def test_slashes_over_the_wire(start: StartReceiver, log: EventLog) -> None:
    receiver = start()
    receiver.end()
    with served(receiver.app) as url:
        for number, path in enumerate(spelled("proof")):
            delivery = SIGNED["proof"](b'{"event":"x%d"}' % number).changed(path=path)
            assert post(url, delivery).status_code == 200
    assert log.last_sequence() == len(SPELLINGS)


@pytest.mark.parametrize("path", ["/webhooks/Salon/stripe", "/webhooks/salon/Stripe", "/webhooks/SALON/STRIPE/"])
def test_capital_letters_are_refused_where_staff_see_it(receiver: RunningReceiver, engine: Engine, path: str) -> None:
    answer = receiver.send(stripe_post({"id": "evt_1", "type": "x"}).changed(path=path))
    assert (answer.status, answer.outcome, "lower case" in answer.json()["detail"]) == (404, "wrong_address", True)
    receiver.end()
    with engine.connect() as connection:
        [row] = connection.execute(select(rejected_deliveries)).mappings()
    assert (row["tenant_id"], row["source"], row["reason"]) == (TENANT, "stripe", "wrong_address")


@pytest.mark.parametrize(
    "path", ["/webhooks/Nobody/stripe", "/webhooks/salon/Fax", "/webhooks//", "//webhooks", "//"]
)
def test_other_addresses_are_kept_nowhere(receiver: RunningReceiver, engine: Engine, path: str) -> None:
    assert receiver.send(Post(path, b"{}")).status == 404
    receiver.end()
    with engine.connect() as connection:
        assert connection.execute(select(rejected_deliveries)).all() == []


REPEATS = [
    b'{"id":"evt_1","type":"first","type":"last","a":1,"a":2}',
    b'{"id":"evt_1","type":"last","a":{"b":1},"a":{"c":1,"c":2}}',
    b'{"id":"evt_1","type":"last","a" :1,"a":2}',
    b'{"id":"evt_1","type":"last","a":1,"\\u0061":2}',
    b'{"id":"evt_1","type":"last","a":1,"a":2,"text":"\\u003a"}',
    b'{"id":"evt_1","type":"last","list":[{"a":1,"a":12345678901234567890123,"a":1.10}]}',
]


@pytest.mark.parametrize("body", REPEATS)
@pytest.mark.parametrize("name", ["stripe", "manychat", "zoho", "clicksend", "wix hmac", "proof", "gohighlevel"])
def test_a_key_that_comes_twice_is_read_the_same_by_all(
    receiver: RunningReceiver, log: EventLog, name: str, body: bytes
) -> None:
    location = b'"locationId":"ve9EPM428h8vShlRW1KT","event":"x",'
    assert receiver.send(SIGNED[name](body.replace(b"{", b"{" + location, 1))).status == 200
    stored = only_event(log).payload
    assert json.loads(stored) == json.loads(body.replace(b"{", b"{" + location, 1))
    assert json.loads(stored, object_pairs_hook=no_repeats)


def no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


KEYS = st.sampled_from(["a", "b", "\\u0061", "a:", 'a\\"', ":", ""])
VALUES = st.recursive(
    st.sampled_from(["1", "1.10", "-0", "1e400", "12345678901234567890123", '"a:b"', '"\\u003a"', "null", "true"]),
    lambda children: (
        st.lists(children, max_size=3).map(lambda each: f"[{', '.join(each)}]")
        | st.lists(st.tuples(KEYS, st.sampled_from([":", " :", ": "]), children), max_size=4).map(
            lambda pairs: "{" + ",".join(f'"{key}"{colon}{value}' for key, colon, value in pairs) + "}"
        )
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=300, deadline=None)
@given(text=VALUES)
def test_any_json_has_one_reading_and_changes_only_where_it_had_two(text: str) -> None:
    payload = f'{{"x":{text}}}'.encode()
    read = one_reading(payload)
    had_repeats = False

    def note(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal had_repeats
        had_repeats |= len(dict(pairs)) < len(pairs)
        return dict(pairs)

    meant = json.loads(payload, object_pairs_hook=note, parse_int=str, parse_float=str)
    assert json.loads(read, object_pairs_hook=no_repeats, parse_int=str, parse_float=str) == meant
    assert had_repeats or read == payload
    assert one_reading(payload, parse_json(payload)) == read


def test_duckdb_reads_what_python_reads(duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert tmp_path
    for body in REPEATS:
        stored = one_reading(body).decode()
        for key, value in json.loads(stored).items():
            found = duck.execute("select json_extract(?::json, ?)", [stored, f"$.{key}"]).fetchone()
            assert found is not None
            assert orjson.loads(orjson.dumps(json.loads(found[0]))) == orjson.loads(orjson.dumps(value))


@pytest.mark.parametrize("path", spelled("stripe"))
def test_slashes_too_many_are_taken_behind_a_prefix(
    start: StartReceiver, log: EventLog, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    receiver = start()
    app = receiver.app

    async def behind_a_prefix(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": f"/desk{scope['path']}", "root_path": "/desk"}
        await app(scope, receive, send)

    monkeypatch.setattr(receiver, "app", behind_a_prefix)
    assert receiver.send(stripe_post({"id": "evt_1", "type": "x"}).changed(path=path)).status == 200
    assert only_event(log).source == "stripe"
