"""Google Calendar: everything in headers, nothing in the body."""

from __future__ import annotations

import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import RunningReceiver
from tests.webhooks.signing import GOOGLE_TOKEN, environment, google_post


def test_the_vector(receiver: RunningReceiver, log: EventLog) -> None:
    assert [receiver.send(google_post()).outcome for _ in range(2)] == ["accepted", "duplicate"]

    event = only_event(log)
    assert (event.source, event.type) == ("google-calendar", "google_calendar.exists")
    assert event.source_event_id == "4ba78bf0-6a47-11e2-bcfd-0800200c9a66:10"
    assert (event.subject_id, event.body) == ("ret08u3rv24htgh289g", b"")
    assert orjson.loads(event.payload) == {
        "channel_id": "4ba78bf0-6a47-11e2-bcfd-0800200c9a66",
        "message_number": "10",
        "resource_id": "ret08u3rv24htgh289g",
        "resource_state": "exists",
        "resource_uri": "https://www.googleapis.com/calendar/v3/calendars/my_calendar@gmail.com/events?alt=json",
        "channel_expiration": "Tue, 19 Nov 2026 01:13:52 GMT",
    }
    assert GOOGLE_TOKEN not in str(event)


@pytest.mark.parametrize("state", ["sync", "not_exists", "something_new"])
def test_every_state_is_kept(receiver: RunningReceiver, log: EventLog, state: str) -> None:
    assert receiver.send(google_post(number="1", state=state)).status == 200
    assert only_event(log).type == f"google_calendar.{state}"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (None, "signature_missing"),
        ("", "signature_missing"),
        ("x", "signature_invalid"),
        ("\xff", "signature_invalid"),
    ],
)
def test_missing_and_wrong_tokens(receiver: RunningReceiver, token: str | None, reason: str) -> None:
    answer = receiver.send(google_post().with_headers(x_goog_channel_token=token))
    assert (answer.status, answer.outcome) == (401, reason)


@pytest.mark.parametrize("header", ["x_goog_channel_id", "x_goog_message_number", "x_goog_resource_state"])
def test_headers_that_are_always_there(receiver: RunningReceiver, header: str) -> None:
    answer = receiver.send(google_post().with_headers(**{header: None}))
    assert (answer.status, answer.outcome) == (400, "malformed")


@pytest.mark.parametrize("token", ["new-token", "old-token"])
def test_every_live_token_passes(start: StartReceiver, token: str) -> None:
    environ = environment() | {"FRONTDESK_SALON_GOOGLE_CALENDAR_CHANNEL_TOKEN": "new-token,old-token"}
    assert start(environ=environ).send(google_post(token=token)).status == 200
