"""Prices over real HTTP: told as an event, the same for the same key, proved by their id on any day."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml
from sqlalchemy import Engine

from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.prices.code_uses import use_of_code
from frontdesk.domains.prices.facts import PriceQuotedFact
from frontdesk.domains.prices.quotes import quoted_by
from frontdesk.domains.tenancy.directory import TenantDirectory, open_configurations
from tests.clocks import SetClock
from tests.webhooks.server import served, wait_for
from tests.webhooks.signing import OWNER_KEY, TENANT
from webhooks.app import create_app

TENANTS_DIR = Path(__file__).parents[3] / "tenants"
ANA = {"phone": "(713) 555-0142"}
#: A Saturday evening in Houston, six days ahead.
BODY: dict[str, Any] = {
    "items": [{"service_key": "loan_signing"}],
    "starts_at": "2026-11-07T19:00:00-06:00",
    "distance_miles": 31.5,
}
_SECRETS = {
    f"FRONTDESK_{TENANT.upper()}_OWNER_API_KEY": OWNER_KEY,
    "FRONTDESK_BAKERY_OWNER_API_KEY": "owner-key-of-the-bakery-01",
}


def notary(slug: str = TENANT, **changes: Any) -> dict[str, Any]:
    """The shipped notary's document, as another business's."""
    content: dict[str, Any] = yaml.safe_load((TENANTS_DIR / "hmnp.yaml").read_text(encoding="utf-8"))
    return content | {"slug": slug, "name": "Salon", "rules": []} | changes


class Client:
    """Asks for prices over HTTP, as the owner of a business."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"x-api-key": OWNER_KEY})

    def quote(self, body: dict[str, Any] | None = None, *, key: str | None = None, **changes: Any) -> httpx.Response:
        headers = {} if key is None else {"idempotency-key": key}
        return self._http.post("/v1/prices:quote", json=(BODY if body is None else body) | changes, headers=headers)

    def verify(self, quote_id: str, **headers: str) -> httpx.Response:
        return self._http.get(f"/v1/prices/{quote_id}", headers=headers)


@pytest.fixture
def client(engine: Engine, clock: SetClock, tmp_path: Path) -> Iterator[Client]:
    configurations = open_configurations(engine, clock=clock)
    for slug in (TENANT, "bakery"):
        configurations.write(slug, notary(slug), by="test")
    folder = tmp_path / "tenants"
    folder.mkdir()
    directory = TenantDirectory.open(engine, folder=folder, clock=clock)
    app = create_app(
        Settings(home=tmp_path, tenants_dir=folder),
        engine=engine,
        secrets=Secrets(_SECRETS),
        tenants=directory,
        directory=directory,
        clock=clock,
    )
    with served(app) as url:
        yield Client(url)


def prices_in(log: EventLog) -> list[Any]:
    return [event for event in log.read_after(0, limit=100) if event.type == "price.quoted"]


def test_a_price_is_told_by_its_lines_and_is_an_event(client: Client, log: EventLog) -> None:
    answer = client.quote()

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert [(line["key"], line["amount_minor"]) for line in told["quote"]["lines"]] == [
        ("loan_signing", 15000),
        ("weekend", 4000),
        ("after_hours", 3000),
        ("travel", 325),
    ]
    # 223.25 and 8.25 % tax.
    assert (told["quote"]["tax_minor"], told["quote"]["total_minor"]) == (1842, 24167)
    assert told["expires_at"] == "2026-11-01T12:30:30Z"
    [event] = prices_in(log)
    assert (event.source, event.subject_id, event.origin) == ("frontdesk", told["quote_id"], "command")
    payload = orjson.loads(event.payload)
    assert CANONICAL_PAYLOADS["price.quoted"].model_validate(payload)
    assert (payload["sha256"], payload["by"]) == (told["sha256"], "owner's key")
    snapshot = orjson.dumps(payload["snapshot"], option=orjson.OPT_SORT_KEYS)
    assert sha256(snapshot).hexdigest() == told["sha256"]


def test_it_names_the_version_of_the_document_that_it_is_by(client: Client, engine: Engine, clock: SetClock) -> None:
    configurations = open_configurations(engine, clock=clock)
    before = configurations.newest()[TENANT]

    first = client.verify(client.quote().json()["quote_id"]).json()["snapshot"]
    configurations.write(TENANT, notary(tax_rate_percent=0), by="test")
    wait_for(lambda: client.quote().json()["quote"]["total_minor"] != 24167)
    second = client.verify(client.quote().json()["quote_id"]).json()["snapshot"]

    after = configurations.newest()[TENANT]
    assert first["rule_version"] == {"sequence": before.sequence, "sha256": before.digest}
    assert second["rule_version"] == {"sequence": after.sequence, "sha256": after.digest}
    assert (first["quote"]["total_minor"], second["quote"]["total_minor"]) == (24167, 22325)


def test_it_is_proved_a_year_later_by_itself(client: Client, clock: SetClock, engine: Engine) -> None:
    quote_id = client.quote().json()["quote_id"]
    assert client.verify(quote_id).json()["has_expired"] is False
    clock.advance(days=400)
    open_configurations(engine, clock=clock).remove("bakery", by="test")

    verified = client.verify(quote_id).json()

    assert (verified["is_genuine"], verified["contradictions"], verified["has_expired"]) == (True, [], True)
    assert verified["snapshot"]["quote"]["total_minor"] == 24167


def test_the_same_key_is_the_same_price_whenever_it_comes(client: Client, log: EventLog, clock: SetClock) -> None:
    first = client.quote(key="k-1", contact=ANA)
    clock.advance(minutes=10)
    again = client.quote(key="k-1", contact=ANA)

    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert len(prices_in(log)) == 1
    assert client.quote(key="k-2", contact=ANA).json()["quote_id"] != first.json()["quote_id"]


@pytest.mark.parametrize("changes", [{"distance_miles": 3}, {"contact": {"phone": "7135550199"}}])
def test_a_key_of_another_request_is_refused(client: Client, log: EventLog, changes: dict[str, Any]) -> None:
    client.quote(key="k-1", contact=ANA)
    answer = client.quote(key="k-1", **{"contact": ANA} | changes)

    assert (answer.status_code, "came with another request" in answer.json()["detail"]) == (422, True)
    assert len(prices_in(log)) == 1


def test_the_same_key_at_the_same_instant_is_one_price(client: Client, log: EventLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.quote(key="k-1"), range(16)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(prices_in(log)) == 1


def test_a_code_counts_once_a_person(client: Client, log: EventLog, clock: SetClock) -> None:
    told = client.quote(promo_code="welcome10", contact=ANA).json()
    assert told["quote"]["discount_minor"] == 2233
    fact = PriceQuotedFact.model_validate_json(prices_in(log)[0].payload)
    used = use_of_code(
        quoted_by(fact).read(), contact=ContactPayload.model_validate(ANA), booking_id="B1", now=clock.now()
    )
    assert used is not None
    log.append([used])

    again = client.quote(promo_code="WELCOME10", contact={"phone": "+17135550142"})
    other = client.quote(promo_code="WELCOME10", contact={"phone": "+17135550143"})

    assert (again.status_code, again.json()["reason"]) == (422, "promo-code-used-by-person")
    assert other.status_code == 201


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"distance_miles": None}, "distance-unknown", "distance_miles: the price depends on how far it is"),
        ({"starts_at": None}, "start-unknown", "starts_at: the price depends on when it starts"),
        ({"starts_at": "2026-11-01T12:00:00Z"}, "notice-unknown", "starts_at: is over"),
        ({"items": [{"service_key": "wash"}]}, "service-unknown", "items.0.service_key: there is no service 'wash'"),
        ({"extras": ["wax"]}, "extra-unknown", "extras.0: 'wax' can't be asked for"),
        ({"promo_code": "SUMMER"}, "promo-code-unknown", "promo_code: there is none of this name"),
        ({"promo_code": "WELCOME10"}, "promo-code-needs-contact", "promo_code: WELCOME10 counts 1 x a person; say"),
        ({"items": []}, None, "items: "),
        ({"items": [{"service_key": "ron_oath"}] * 2}, None, "items: given twice: ron_oath"),
        ({"items": [{"service_key": "ron_oath", "quantity": 0}]}, None, "items.0.quantity: "),
        ({"distance_metres": 5}, None, "give distance_miles or distance_metres, and not both"),
        ({"distance_miles": -1}, None, "distance_miles: "),
        ({"starts_at": "2026-11-07T19:00:00"}, None, "starts_at: "),
        ({"asked_at": "2026-11-01T00:00:00Z"}, None, "asked_at: "),
        ({"contact": {"name": "Ana"}}, None, "contact needs external_id, phone or email"),
    ],
)
def test_what_has_no_price_is_refused_with_the_reason_and_is_no_event(
    client: Client, log: EventLog, changes: dict[str, Any], reason: str | None, detail: str
) -> None:
    answer = client.quote(**changes)

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert detail in problem["detail"]
    assert problem.get("reason") == reason
    assert prices_in(log) == []


def test_a_price_of_another_business_is_not_there(client: Client) -> None:
    quote_id = client.quote().json()["quote_id"]

    answer = client.verify(quote_id, **{"x-api-key": "owner-key-of-the-bakery-01"})

    assert (answer.status_code, answer.json()["title"]) == (404, "No such price")
    assert client.verify("none").status_code == 404


def test_a_stranger_is_told_no_price(client: Client) -> None:
    assert client.verify("none", **{"x-api-key": "nobody's"}).status_code == 401


def test_wrong_prices_are_told_to_nobody(client: Client, engine: Engine, clock: SetClock) -> None:
    surcharges = [{"key": "weekend", "name": "Weekend", "price": 40, "services": ["washing"]}]
    open_configurations(engine, clock=clock).write(TENANT, notary(surcharges=surcharges), by="test")

    wait_for(lambda: client.quote().status_code != 201)
    answer = client.quote()

    assert (answer.status_code, answer.json()["title"]) == (503, "Prices not available")
    assert "surcharges.0.services" in answer.json()["detail"]
