"""What came with a message: shown to who is signed in, fetched with credentials that stay here."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest
from sqlalchemy import Engine
from sqlalchemy.event import listen

from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secrets import secret_variable
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import NOW, Answer, Post, RunningReceiver
from tests.webhooks.signing import TENANT, environment
from tests.webhooks.staff import add, token_of

PICTURE = b"\xff\xd8\xff\xe0 picture"


@dataclass
class Twilio:
    """A server in Twilio's place, and what it was asked."""

    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    media_type: str = "image/jpeg"
    status: int = 200


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    state = Twilio()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(state.status)
            self.send_header("Content-Type", state.media_type)
            self.end_headers()
            self.wfile.write(PICTURE)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    thread.join()


def message(log: EventLog, payload: Mapping[str, object], *, source: str = "twilio", tenant_id: str = TENANT) -> str:
    """Log an inbound message; return its event's id."""
    body = orjson.dumps(payload)
    type_ = "twilio.message.received" if source == "twilio" else "gohighlevel.InboundMessage"
    event = NewEvent(
        tenant_id=tenant_id,
        source=source,
        source_event_id=f"m-{log.last_sequence()}",
        type=type_,
        occurred_at=NOW,
        received_at=NOW,
        body=body,
        payload=body,
    )
    return log.append([event])[0].event_id


MMS: dict[str, object] = {
    "MessageSid": "MM1",
    "MediaUrl0": "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
    "MediaContentType0": "image/jpeg",
}


@pytest.fixture
def receiver(start: StartReceiver, twilio: Twilio) -> RunningReceiver:
    account = {secret_variable(TENANT, "TWILIO_ACCOUNT_SID"): "AC" + "1" * 32}
    return start(environ=environment() | account, api_url_twilio=twilio.url)


def ask(receiver: RunningReceiver, event_id: str, *, token: str = "", position: int = 0) -> Answer:
    headers = {"cookie": f"frontdesk_session={token}"} if token else {}
    return receiver.send(Post(f"/media/{event_id}/{position}", headers=headers, method="GET"))


def test_staff_see_the_picture_and_no_credentials(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog, twilio: Twilio
) -> None:
    token = token_of(receiver, add(directory, Role.TECH))
    answer = ask(receiver, message(log, MMS), token=token)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, PICTURE, "image/jpeg")
    assert answer.headers["x-content-type-options"] == "nosniff"
    ((path, authorization),) = twilio.asked
    assert path == "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
    assert authorization is not None
    assert base64.b64decode(authorization.removeprefix("Basic ")).startswith(b"AC")
    assert authorization not in str(answer.headers)


def test_what_is_no_picture_is_saved_and_not_shown(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog, twilio: Twilio
) -> None:
    twilio.media_type = "text/html"
    answer = ask(receiver, message(log, MMS), token=token_of(receiver, add(directory, Role.TECH)))
    assert (answer.status, answer.headers["content-disposition"]) == (200, "attachment")


def test_who_is_not_signed_in_or_of_another_business_sees_nothing(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog, twilio: Twilio
) -> None:
    event_id = message(log, MMS)
    stranger = token_of(receiver, add(directory, Role.OWNER, tenant_id="bakery"))
    assert [ask(receiver, event_id).status, ask(receiver, event_id, token="wrong").status] == [401, 401]
    assert ask(receiver, event_id, token=stranger).status == 404
    assert twilio.asked == []


def test_credentials_go_to_no_other_host(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog, twilio: Twilio
) -> None:
    token = token_of(receiver, add(directory, Role.TECH))
    elsewhere = MMS | {"MediaUrl0": "https://evil.example/2010-04-01/x"}
    assert ask(receiver, message(log, elsewhere), token=token).status == 404
    assert ask(receiver, message(log, MMS), token=token, position=1).status == 404
    assert twilio.asked == []


def test_a_provider_that_gives_nothing_is_told_as_that(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog, twilio: Twilio
) -> None:
    token = token_of(receiver, add(directory, Role.TECH))
    twilio.status = 500
    assert ask(receiver, message(log, MMS), token=token).status == 502
    twilio.status = 404
    assert ask(receiver, message(log, MMS), token=token).status == 404


def test_a_public_file_is_led_to(receiver: RunningReceiver, directory: StaffDirectory, log: EventLog) -> None:
    token = token_of(receiver, add(directory, Role.TECH))
    url = "https://storage.example/voice.ogg"
    answer = ask(receiver, message(log, {"attachments": [url]}, source="gohighlevel"), token=token)
    assert (answer.status, answer.headers["location"], answer.headers["referrer-policy"]) == (307, url, "no-referrer")
    script = {"attachments": ["javascript:alert(1)"]}
    assert ask(receiver, message(log, script, source="gohighlevel"), token=token).status == 404


def test_a_cookie_of_many_tokens_costs_as_little_as_elsewhere(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog, engine: Engine
) -> None:
    token, event_id = token_of(receiver, add(directory, Role.TECH)), message(log, MMS)
    asked: list[str] = []
    listen(engine, "before_cursor_execute", lambda _c, _k, sql, *_: asked.append(sql))
    hostile = ".".join(["a"] * 4_000)

    assert ask(receiver, event_id, token=hostile).status == 401
    assert len([sql for sql in asked if "staff_sessions" in sql]) == 0
    assert ask(receiver, event_id, token=f"..{token}.").status == 200
