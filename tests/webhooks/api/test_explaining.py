"""Why and why not over /v1, on a home whose events were modelled: each business hears of its own only."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from tests.pipelines.answered_home import ANN, CAT, SENT, answered_home
from tests.pipelines.homes import Home, HomeFactory
from tests.webhooks.harness import Answer, Post, RunningReceiver
from webhooks.app import create_app

OWNER, OTHER = "owner-key-of-the-clinic-0001", "owner-key-of-the-notary-0001"


@pytest.fixture(scope="module")
def asked_home(homes: HomeFactory) -> Home:
    return answered_home(homes)


@pytest.fixture(scope="module")
def receiver(asked_home: Home) -> Iterator[RunningReceiver]:
    keys = {"FRONTDESK_AVATAR_IMAGING_OWNER_API_KEY": OWNER, "FRONTDESK_HMNP_OWNER_API_KEY": OTHER}
    app = create_app(
        Settings(home=asked_home.folder),
        engine=asked_home.engine,
        secrets=Secrets(keys),
        tenants=asked_home.tenants,
        clock=asked_home.clock,
    )
    receiver = RunningReceiver(app)
    receiver.start()
    yield receiver
    receiver.end()


def get(receiver: RunningReceiver, path: str, *, key: str = OWNER, query: str = "") -> Answer:
    return receiver.send(Post(f"/v1/{path}", headers={"x-api-key": key}, query=query, method="GET"))


def why(command_key: str) -> str:
    return f"commands/{quote(command_key, safe='')}/why"


def test_a_command_is_explained(receiver: RunningReceiver) -> None:
    answer = get(receiver, why(SENT)).json()

    assert answer["summary"] == "Sent on Sat 21 Nov 2026, 20:00 AWST."
    assert (answer["rule"]["rule_id"], answer["outcome"]["outcome"]) == ("booking_confirmation", "delivered")
    assert get(receiver, f"commands/{SENT}/why").json() == answer


def test_another_s_command_is_not_there_nor_suggested(receiver: RunningReceiver) -> None:
    answer = get(receiver, why(SENT), key=OTHER)

    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "did you mean" not in answer.json()["detail"]
    assert SENT in get(receiver, why(SENT + "x")).json()["detail"]


def test_an_absence_is_explained(receiver: RunningReceiver) -> None:
    answer = get(receiver, "rules/no_response_4h/why-not", query=f"contact={quote(CAT)}").json()

    text = next(each for each in answer["decisions"] if each["command_type"] == "send_sms")
    assert (text["verdict"], text["reason"]) == ("refused", "opted_out")
    assert "send_sms: Not sent because the contact opted out: by phone" in answer["summary"]


@pytest.mark.parametrize(
    ("key", "rule", "contact", "status"),
    [
        (OTHER, "reminder_24h", ANN, 404),
        (OWNER, "remindr_24h", ANN, 404),
        (OWNER, "reminder_24h", "Nobody Known", 404),
        (OWNER, "reminder_24h", "Pat Pine", 409),
        (OWNER, "reminder_24h", "", 422),
        ("wrong", "reminder_24h", ANN, 401),
    ],
)
def test_what_can_not_be_answered_is_a_problem(
    receiver: RunningReceiver, key: str, rule: str, contact: str, status: int
) -> None:
    answer = get(receiver, f"rules/{rule}/why-not", key=key, query=f"contact={quote(contact)}")

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
