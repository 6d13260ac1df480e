"""GET /v1/events: the log of the key's tenant, page by page."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Answer, Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT, environment, google_post, proof_post, stripe_post

BAKER = "owner-key-of-the-bakery-0001"


def read(receiver: RunningReceiver, query: str = "", *, key: str = OWNER_KEY) -> Answer:
    return receiver.send(Post("/v1/events", method="GET", headers={"x-api-key": key}, query=query))


def test_an_event_as_it_is_kept_without_its_body(receiver: RunningReceiver, log: EventLog) -> None:
    post = stripe_post(b'{"id":"evt_1", "type":"invoice.paid","created":1760000000,"n":1.10}')
    receiver.send(post)

    page = read(receiver).json()

    [kept] = log.read_after(0, limit=10)
    assert page == {
        "events": [
            {
                "sequence": 1,
                "event_id": kept.event_id,
                "tenant_id": TENANT,
                "source": "stripe",
                "source_event_id": "evt_1",
                "type": "stripe.invoice.paid",
                "subject_id": None,
                "occurred_at": "2025-10-09T08:53:20+00:00",
                "received_at": "2026-11-01T12:00:30+00:00",
                "correlation_id": None,
                "causation_id": None,
                "schema_version": 1,
                "origin": "webhook",
                "content_type": "application/json",
                "headers": {"stripe-signature": post.headers["stripe-signature"]},
                "payload": {"id": "evt_1", "type": "invoice.paid", "created": 1760000000, "n": 1.1},
            }
        ],
        "next_after": 1,
    }
    assert post.body in read(receiver).body


def test_pages(receiver: RunningReceiver) -> None:
    for number in range(5):
        receiver.send(google_post(number=str(number)))
    first = read(receiver, "limit=3").json()
    rest = read(receiver, f"limit=3&after={first['next_after']}").json()
    end = read(receiver, f"after={rest['next_after']}").json()
    assert [event["sequence"] for event in first["events"] + rest["events"]] == [1, 2, 3, 4, 5]
    assert end == {"events": [], "next_after": 5}


def test_a_key_sees_its_tenant_only(start: StartReceiver) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_BAKERY_OWNER_API_KEY": BAKER})
    receiver.send(proof_post({"event": "x"}))
    assert read(receiver, key=BAKER).json() == {"events": [], "next_after": 0}
    assert len(read(receiver).json()["events"]) == 1


def test_without_a_right_key(receiver: RunningReceiver) -> None:
    answer = read(receiver, key="wrong")
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=-1", f"after={2**63}"])
def test_pages_that_there_are_not(receiver: RunningReceiver, query: str) -> None:
    answer = read(receiver, query)
    problem: dict[str, Any] = answer.json()
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert problem["detail"].startswith("query.")


def test_a_log_that_cannot_be_read(receiver: RunningReceiver, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event_log RENAME TO gone")
    answer = read(receiver)
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
