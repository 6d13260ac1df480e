"""One line for a refused delivery, none for an accepted one, and nothing of a person in any."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import orjson
import pytest
from sqlalchemy import Engine

from frontdesk.connectors.stripe.verify import StripeSource
from frontdesk.core.log.group_commit import GroupCommitter
from tests.webhooks.harness import RunningReceiver
from tests.webhooks.signing import (
    CLICKSEND_TOKEN,
    MANYCHAT_TOKEN,
    clicksend_post,
    google_post,
    manychat_post,
    samples,
    stripe_post,
)
from webhooks.logs import LOGGER_NAME, JsonFormatter


@pytest.fixture
def lines() -> Iterator[list[dict[str, object]]]:
    """Fills with the lines as they are written."""
    written: list[dict[str, object]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(orjson.loads(self.format(record)))

    handler = Collect()
    handler.setFormatter(JsonFormatter())
    logging.getLogger(LOGGER_NAME).addHandler(handler)
    yield written
    logging.getLogger(LOGGER_NAME).removeHandler(handler)


def test_accepted_deliveries_leave_no_line(receiver: RunningReceiver, lines: list[dict[str, object]]) -> None:
    for sample in samples():
        receiver.send(sample.post)
    assert lines == []


def test_a_refused_delivery_leaves_one(receiver: RunningReceiver, lines: list[dict[str, object]]) -> None:
    post = stripe_post({"type": "x", "email": "ana@example.com"}, secret="guess")
    receiver.send(post)
    [line] = lines
    assert isinstance(line.pop("time"), str)
    assert line == {
        "level": "warning",
        "logger": LOGGER_NAME,
        "message": "delivery refused",
        "tenant": "salon",
        "source": "stripe",
        "reason": "signature_invalid",
        "status": 401,
        "detail": "no v1 signature matches the body under any live endpoint secret",
        "body_size": len(post.body),
    }


def test_no_secret_reaches_a_line(receiver: RunningReceiver, lines: list[dict[str, object]]) -> None:
    receiver.send(clicksend_post({}, token="x").changed(query=f"token={CLICKSEND_TOKEN}"))
    receiver.send(manychat_post(b"{" * 70 + b"}" * 70).changed(query=f"token={MANYCHAT_TOKEN}"))
    receiver.send(google_post(token="almost-right-token"))
    assert len(lines) >= 2
    for secret in (CLICKSEND_TOKEN, MANYCHAT_TOKEN, "almost-right-token"):
        assert secret not in str(lines)


def test_a_log_that_cannot_be_written_is_told_with_its_cause(
    receiver: RunningReceiver, engine: Engine, lines: list[dict[str, object]]
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event_log RENAME TO gone")
    answer = receiver.send(stripe_post({"type": "x"}))
    assert (answer.status, answer.outcome) == (503, "log_unavailable")
    assert [line["message"] for line in lines] == ["event log unavailable", "delivery refused"]
    assert "no such table" in str(lines[0]["cause"])


@pytest.mark.parametrize(
    ("owner", "method"), [(StripeSource, "receive"), (GroupCommitter, "append")], ids=["source", "log"]
)
def test_a_mistake_of_ours_is_answered_so_that_the_provider_sends_again(
    receiver: RunningReceiver,
    lines: list[dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    method: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("ana@example.com")

    monkeypatch.setattr(owner, method, fail)
    answer = receiver.send(stripe_post({"type": "x"}))
    assert (answer.status, answer.outcome, answer.headers["retry-after"]) == (503, "internal_error", "10")
    assert [line["message"] for line in lines] == ["unexpected error", "delivery refused"]
    assert lines[0]["error"] == "KeyError"
    assert "ana@example.com" not in str(lines)
