"""Contacts and messages over /v1: read as they are published, and told as events that models and people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.webhooks.harness import Answer, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT
from tests.webhooks.staff import add, ask, token_of


def get(receiver: RunningReceiver, path: str, *, token: str = OWNER_KEY, **query: Any) -> Answer:
    return ask(receiver, "GET", path, token=token, query="&".join(f"{name}={value}" for name, value in query.items()))


def tell(receiver: RunningReceiver, method: str, path: str, **body: Any) -> Answer:
    return ask(receiver, method, path, token=OWNER_KEY, body=body)


@pytest.fixture(autouse=True)
def published(tmp_path: Path) -> None:
    """Three contacts and five messages, and another business's contact, in the columns that are read."""
    with duckdb.connect(str(tmp_path / "analytics.duckdb")) as connection:
        connection.execute("create schema marts; create schema reports")
        connection.execute(
            f"""
            create table marts.dim_contacts as
            select *, null::varchar as first_name, null::varchar as last_name, null::varchar as company,
                2::bigint as count_bookings, 1::bigint as count_bookings_completed, 3::bigint as count_messages,
                4200::bigint as amount_paid_minor, 'USD' as currency,
                timestamptz '2026-10-01 09:00:00+00' as first_seen_at,
                timestamptz '2026-11-01 09:00:00+00' as last_seen_at
            from (values
                ('{TENANT}', 'a', 'Ana Ruiz', '+13125550123', 'ana@example.com'),
                ('{TENANT}', 'b', 'Bo Lind', null, 'bo@example.com'),
                ('{TENANT}', 'c', 'Chat 7', null, null),
                ('bakery', 'd', 'Ana Other', '+13125550199', null)
            ) as t(tenant_id, contact_id, display_name, phone, email)
            """
        )
        connection.execute(
            f"""
            create table marts.bdg_contact_identifiers as
            select '{TENANT}' as tenant_id, 'a' as contact_id, 'phone' as identifier_kind,
                '+13125550123' as identifier_value
            """
        )
        connection.execute(
            f"""
            create table marts.fct_messages as
            select '{TENANT}' as tenant_id, 'k' || n as message_key, 'm' || n as message_id,
                if(n % 2 = 0, 'a', 'b') as contact_id, null::varchar as booking_id, 'sms' as channel,
                'inbound' as direction, 'received' as status, 'Hello ' || n as body, null::varchar as from_address,
                null::varchar as to_address, null::varchar as error_code,
                timestamptz '2026-11-01 09:00:00+00' + interval 1 minute * (n // 2) as created_at,
                null::timestamptz as delivered_at, null::timestamptz as failed_at
            from range(5) as t(n)
            """
        )


def test_contacts_are_read_page_by_page(receiver: RunningReceiver) -> None:
    first = get(receiver, "contacts", limit=2).json()
    second = get(receiver, "contacts", limit=2, after=first["next_after"]).json()

    assert [contact["contact_id"] for page in (first, second) for contact in page["contacts"]] == ["a", "b", "c"]
    assert second["next_after"] is None


@pytest.mark.parametrize(
    ("search", "found"), [("312-555-0123", ["a"]), ("bo%20lind", ["b"]), ("c", ["c"]), ("x", [])]
)
def test_contacts_are_found_by_what_people_know_of_them(
    receiver: RunningReceiver, search: str, found: list[str]
) -> None:
    contacts = get(receiver, "contacts", search=search).json()["contacts"]

    assert [contact["contact_id"] for contact in contacts] == found


def test_one_contact_is_read_and_another_business_s_is_not(receiver: RunningReceiver) -> None:
    contact = get(receiver, "contacts/a").json()

    assert (contact["display_name"], contact["phone"], contact["amount_paid_minor"]) == (
        "Ana Ruiz", "+13125550123", 4200
    )  # fmt: skip
    assert get(receiver, "contacts/d").status == 404


def test_what_is_told_of_contacts_is_an_event_in_the_caller_s_name(receiver: RunningReceiver, log: EventLog) -> None:
    assert tell(receiver, "POST", "contacts", phone="+13125550177", name="Cy Ray", by="crm").status == 202
    assert tell(receiver, "PATCH", "contacts/a", name="Ana Ruiz-Lee").status == 202
    assert tell(receiver, "PATCH", "contacts/a", email="ana@work.example").status == 202

    events = log.read_after(0, limit=9)
    assert [event.type for event in events] == ["contact.created", "contact.updated", "contact.updated"]
    payloads = [orjson.loads(event.payload) for event in events]
    assert [payload["contact"] for payload in payloads] == [
        {"phone": "+13125550177", "name": "Cy Ray"},
        {"phone": "+13125550123", "email": "ana@example.com", "name": "Ana Ruiz-Lee"},
        {"phone": "+13125550123", "email": "ana@work.example"},
    ]
    assert [payload["by"] for payload in payloads] == ["crm", "owner's key", "owner's key"]
    for event in events:
        CANONICAL_PAYLOADS[event.type].model_validate_json(event.payload)


@pytest.mark.parametrize(
    ("asked", "body", "says"),
    [
        ("POST contacts", {"name": "Nobody"}, "say who it is"),
        ("POST contacts", {"phone": " "}, "phone"),
        ("PATCH contacts/a", {}, "say what is another now"),
        ("PATCH contacts/b", {"email": "bo@work.example"}, "nothing would tell whose this is"),
        ("PATCH contacts/c", {"name": "Cy"}, "nothing would tell whose this is"),
        ("PATCH contacts/a", {"phone": "+13125550100"}, "phone"),
    ],
)
def test_what_would_be_nobody_s_is_refused(
    receiver: RunningReceiver, log: EventLog, asked: str, body: dict[str, Any], says: str
) -> None:
    answer = tell(receiver, *asked.split(), **body)

    assert answer.status == 422
    assert says in answer.body.decode()
    assert log.last_sequence() == 0


def test_messages_are_read_newest_first_page_by_page(receiver: RunningReceiver) -> None:
    keys: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = get(receiver, "messages", **query).json()
        keys += [message["message_key"] for message in page["messages"]]
        if page["next_before"] is None:
            break
        query["before"] = page["next_before"]

    assert keys == ["k4", "k3", "k2", "k1", "k0"]
    of_ana = get(receiver, "messages", contact_id="a").json()["messages"]
    assert [message["body"] for message in of_ana] == ["Hello 4", "Hello 2", "Hello 0"]
    assert get(receiver, "messages", before="unknown").status == 422
    assert get(receiver, "messages/k3").json()["body"] == "Hello 3"
    assert get(receiver, "messages/unknown").status == 404


def test_reading_is_in_the_audit_trail(receiver: RunningReceiver, directory: StaffDirectory) -> None:
    token = token_of(receiver, add(directory, Role.TECH))
    assert get(receiver, "contacts/a", token=token).status == 200

    entries = directory.audit.read(tenant_id=TENANT)
    assert "contact.read" in [entry.action for entry in entries]
