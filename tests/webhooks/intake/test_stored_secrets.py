"""A secret that comes with a delivery is nowhere afterwards: not in the log, the rejections or what is logged."""

from __future__ import annotations

import logging
from urllib.parse import quote, urlencode

import orjson
import pytest
from sqlalchemy import Engine, text

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Post, RunningReceiver
from tests.webhooks.signing import (
    CLICKSEND_TOKEN,
    FORM,
    GOHIGHLEVEL_TOKEN,
    GOOGLE_TOKEN,
    JSON,
    LOCATION,
    MANYCHAT_TOKEN,
    ZOHO_SECRET,
    environment,
    google_post,
    path_of,
)

CRM = {"module": "Leads", "operation": "update", "ids": ["1"], "channel_id": "1", "server_time": 1718117126473}
ODD = 'a "secret"/with+signs & more é'


def json_post(source: str, body: object, *, query: str = "", **headers: str) -> Post:
    return Post(path_of(source), orjson.dumps(body), JSON, query=query).with_headers(**headers)


SENT = {
    "Zoho, in the body": (ZOHO_SECRET, json_post("zoho", {**CRM, "token": ZOHO_SECRET})),
    "Zoho, twice": (ZOHO_SECRET, json_post("zoho", {**CRM, "token": ZOHO_SECRET, "q": {"token": ZOHO_SECRET}})),
    "Zoho, in the query": (ZOHO_SECRET, json_post("zoho", {"event": "x"}, query=urlencode({"token": ZOHO_SECRET}))),
    "Zoho, by GET": (ZOHO_SECRET, Post(path_of("zoho"), query=f"token={ZOHO_SECRET}&event=x", method="GET")),
    "Zoho, in a form": (
        ZOHO_SECRET,
        Post(path_of("zoho"), f"event=x&token={ZOHO_SECRET}".encode(), FORM).with_headers(x_zoho_secret=ZOHO_SECRET),
    ),
    "Zoho, header and agent": (
        ZOHO_SECRET,
        json_post("zoho", {"event": "x"}, x_zoho_secret=ZOHO_SECRET, user_agent=f"Zoho {ZOHO_SECRET}"),
    ),
    "Zoho, another channel's": (
        "another-channels-token",
        json_post("zoho", {**CRM, "token": "another-channels-token"}, x_zoho_secret=ZOHO_SECRET),
    ),
    "ClickSend, by GET": (
        CLICKSEND_TOKEN,
        Post(path_of("clicksend"), query=f"token={CLICKSEND_TOKEN}&message_id=1", method="GET"),
    ),
    "ClickSend, in a form": (
        CLICKSEND_TOKEN,
        Post(
            path_of("clicksend"), f"message_id=1&t={CLICKSEND_TOKEN}".encode(), FORM, query=f"token={CLICKSEND_TOKEN}"
        ),
    ),
    "ManyChat": (
        MANYCHAT_TOKEN,
        json_post("manychat", {"id": "7", "token": MANYCHAT_TOKEN}, x_webhook_token=MANYCHAT_TOKEN),
    ),
    "ManyChat, no JSON": (
        MANYCHAT_TOKEN,
        Post(path_of("manychat"), f'{{"a": "{MANYCHAT_TOKEN}'.encode(), JSON).with_headers(
            x_webhook_token=MANYCHAT_TOKEN
        ),
    ),
    "HighLevel": (
        GOHIGHLEVEL_TOKEN,
        json_post(
            "gohighlevel", {"locationId": LOCATION, "key": GOHIGHLEVEL_TOKEN}, x_webhook_token=GOHIGHLEVEL_TOKEN
        ),
    ),
    "Google": (GOOGLE_TOKEN, google_post()),
}


def everything(engine: Engine) -> str:
    """Every value of every row of the database."""
    with engine.connect() as connection:
        tables = [name for (name,) in connection.execute(text("select name from sqlite_master where type = 'table'"))]
        rows = [row for table in tables for row in connection.execute(text(f"select * from {table}"))]
    return "\n".join(
        value.decode("latin-1") if isinstance(value, bytes) else str(value) for row in rows for value in row
    )


@pytest.mark.parametrize("name", SENT)
def test_it_is_not_stored_and_the_delivery_is_known_again(
    receiver: RunningReceiver, engine: Engine, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("one database is enough: what is masked is masked before it is stored")
    caplog.set_level(logging.DEBUG)
    secret, post = SENT[name]
    assert [receiver.send(post).outcome for _ in range(2)] == ["accepted", "duplicate"]
    refused = post.changed(headers={**post.headers, "content-length": "9999999"})
    receiver.send(refused)
    receiver.end()
    assert secret not in everything(engine)
    assert secret not in caplog.text


@pytest.mark.parametrize("spelled", [ODD, orjson.dumps(ODD).decode()[1:-1], quote(ODD), quote(ODD, safe="")])
def test_every_spelling_is_found(start: StartReceiver, log: EventLog, spelled: str) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_SALON_MANYCHAT_WEBHOOK_TOKEN": ODD})
    post = json_post("manychat", {"id": "7"}, query=f"token={quote(ODD)}")
    body = b'{"id":"7","note":"@"}'.replace(b"@", spelled.encode() if '"' not in spelled or "\\" in spelled else b"x")
    assert receiver.send(post.changed(body=body)).status == 200
    [event] = log.read_after(0, limit=10)
    assert spelled.encode() not in event.body
    assert spelled.encode() not in event.payload


def test_what_is_no_secret_stays_as_it_came(receiver: RunningReceiver, log: EventLog) -> None:
    body = b'{ "id": "7" , "event":"x", "n": 1.10, "big": 12345678901234567890123 }'
    receiver.send(Post(path_of("manychat"), body, JSON).with_headers(x_webhook_token=MANYCHAT_TOKEN))
    [event] = log.read_after(0, limit=10)
    assert (event.body, event.payload) == (body, body)
