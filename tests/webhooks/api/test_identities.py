"""Who is who over /v1: a decision is an event in the caller's name, of two identifiers, by whom may settle."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.webhooks.conftest import only_event
from tests.webhooks.harness import NOW, Answer, Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT
from tests.webhooks.staff import add, token_of

ANA, BEN = ({"kind": "phone", "value": f"+1555123000{number}"} for number in (1, 2))
DECISION = {"decision": "same_person", "identifiers": [ANA, BEN], "reason": "She called from both"}


def decide(receiver: RunningReceiver, body: Any, *, token: str = OWNER_KEY, key: str | None = None) -> Answer:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    if key is not None:
        headers["idempotency-key"] = key
    return receiver.send(Post("/v1/identity-decisions", orjson.dumps(body), headers))


def test_a_decision_is_an_event_in_the_name_of_who_decides(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog
) -> None:
    token = token_of(receiver, add(directory, Role.ADMIN))
    answer = decide(receiver, DECISION | {"by": "somebody else"}, token=token)

    event = only_event(log)
    assert (answer.status, answer.json()) == (202, {"event_id": event.event_id})
    assert (event.tenant_id, event.source, event.type) == (TENANT, "frontdesk", "identity.decided")
    assert (event.origin, event.occurred_at) == ("command", NOW)
    assert orjson.loads(event.payload) == DECISION | {"by": "admin@example.com"}
    assert CANONICAL_PAYLOADS["identity.decided"].model_validate_json(event.payload)


def test_a_program_says_for_whom(receiver: RunningReceiver, log: EventLog) -> None:
    assert decide(receiver, DECISION | {"by": "Bea"}).status == 202
    assert orjson.loads(only_event(log).payload)["by"] == "Bea"


def test_the_same_key_is_one_decision_and_no_other(receiver: RunningReceiver, log: EventLog) -> None:
    first, again = (decide(receiver, DECISION, key="k-1") for _ in range(2))
    assert first.json() == again.json() == {"event_id": only_event(log).event_id}
    opposite = decide(receiver, DECISION | {"decision": "different_people"}, key="k-1")
    assert (opposite.status, "give each request its own" in opposite.json()["detail"]) == (422, True)
    assert only_event(log)


def test_a_tech_does_not_settle_who_is_who(
    receiver: RunningReceiver, directory: StaffDirectory, log: EventLog
) -> None:
    answer = decide(receiver, DECISION, token=token_of(receiver, add(directory, Role.TECH)))
    assert (answer.status, "needs the role admin" in answer.json()["detail"]) == (403, True)
    assert decide(receiver, DECISION, token="nobody's").status == 401
    assert log.read_after(0, limit=1) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"identifiers": [ANA, ANA]}, "the two are equal; name two different ones"),
        ({"identifiers": [ANA]}, "at least 2 items"),
        ({"decision": "perhaps"}, "'same_person' or 'different_people'"),
        ({"because": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_decision_about_two_is_refused(
    receiver: RunningReceiver, log: EventLog, changes: dict[str, Any], reason: str
) -> None:
    answer = decide(receiver, DECISION | changes)
    assert answer.status == 422
    assert reason in answer.body.decode()
    assert log.read_after(0, limit=1) == []


def test_identifiers_are_read_as_facts_are(receiver: RunningReceiver, log: EventLog) -> None:
    spelt = [{"kind": "phone", "value": "(404) 555-0142"}, {"kind": "email", "value": "Ana <Ana@Example.com>"}]
    assert decide(receiver, {"decision": "same_person", "identifiers": spelt}).status == 202
    told = orjson.loads(only_event(log).payload)["identifiers"]
    assert [each["value"] for each in told] == ["+14045550142", "ana@example.com"]
    twice = [spelt[0], {"kind": "phone", "value": "+14045550142"}]
    answer = decide(receiver, {"decision": "same_person", "identifiers": twice})
    assert (answer.status, "the two are equal" in answer.json()["detail"]) == (422, True)
