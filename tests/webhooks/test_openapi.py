"""The OpenAPI document tells the truth: schemathesis asks for everything in it, over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.operations.heartbeats import DISPATCHER, LIVE_PATH, Heartbeats, LiveState
from frontdesk.domains.reports.archive import ReportId
from tests.clocks import SetClock
from tests.pipelines.homes import HomeFactory
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.server import served
from tests.webhooks.signing import OWNER_KEY, TENANT
from webhooks.api import reports


@pytest.fixture(scope="session")
def published_file(homes: HomeFactory) -> Path:
    """What a home without events publishes: answers are read from it."""
    home = homes.new_home()
    with home.modeller().opened():
        return home.analytics_path


@pytest.fixture(autouse=True)
def _all_is_well_behind(engine: Engine, clock: SetClock) -> None:
    """Asked for the whole, it answers 503 while anything behind it is ill or starting."""
    heartbeats = Heartbeats(engine, clock=clock, ids=UuidV7Factory(SystemClock()))
    heartbeats.beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=0)
    heartbeats.beat(DISPATCHER, state="sending")


@pytest.fixture
def address(
    start: StartReceiver, tmp_path: Path, published_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    # A command of seconds for each day that is asked for; test_reports_api.py runs it.
    monkeypatch.setattr(reports, "make_report", lambda period, **_: ReportId(period, 1))
    shutil.copy(published_file, tmp_path)
    receiver = start()
    receiver.end()
    with served(receiver.app) as url:
        yield url


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    """What a receiver gave as its OpenAPI document: the same for each, and making it takes longer than the calls."""
    return {}


@pytest.fixture
def schema(address: str, documents: dict[str, Any]) -> OpenApiSchema:
    if not documents:
        documents.update(httpx.get(f"{address}/openapi.json").json())
    schema = schemathesis.openapi.from_dict(deepcopy(documents))
    schema.config.update(base_url=address)
    return schema


OPERATIONS = [
    ("/webhooks/{tenant}/{source}", "post"),
    ("/webhooks/{tenant}/{source}", "get"),
    ("/v1/events:import", "post"),
    ("/v1/events", "get"),
    ("/v1/contacts", "get"),
    ("/v1/contacts", "post"),
    ("/v1/contacts/{contact_id}", "get"),
    ("/v1/contacts/{contact_id}", "patch"),
    ("/v1/messages", "get"),
    ("/v1/messages", "post"),
    ("/v1/messages/{message_key}", "get"),
    ("/v1/messages/{message_id}:no-reply-needed", "post"),
    ("/media/{event_id}/{position}", "get"),
    ("/v1/stage-changes", "post"),
    ("/v1/services", "get"),
    ("/v1/availability", "get"),
    ("/v1/bookings", "get"),
    ("/v1/bookings", "post"),
    ("/v1/bookings:hold", "post"),
    ("/v1/bookings/{booking_id}", "get"),
    ("/v1/bookings/{booking_id}", "patch"),
    *((f"/v1/bookings/{{booking_id}}:{verb}", "post") for verb in ("extend", "release", "confirm", "decline")),
    *((f"/v1/bookings/{{booking_id}}:{verb}", "post") for verb in ("reschedule", "cancel", "complete")),
    *((f"/v1/bookings/{{booking_id}}:{verb}", "post") for verb in ("no-show", "reopen")),
    ("/v1/bookings/{booking_id}:links", "post"),
    ("/v1/people/{key}:calendar-link", "post"),
    ("/v1/waitlist", "get"),
    ("/v1/waitlist", "post"),
    ("/v1/waitlist/{entry_id}", "get"),
    *((f"/v1/waitlist/{{entry_id}}:{verb}", "post") for verb in ("leave", "accept", "decline")),
    ("/v1/outbox", "get"),
    ("/v1/outbox:redrive", "post"),
    ("/v1/outbox/{command_key}", "get"),
    ("/v1/outbox/{command_key}/redrive", "post"),
    ("/v1/outbox/{command_key}/resolve", "post"),
    ("/v1/commands/{command_key}/why", "get"),
    ("/v1/rules/{rule_id}/why-not", "get"),
    ("/v1/rehearsals", "post"),
    ("/v1/prices:quote", "post"),
    ("/v1/prices/{quote_id}", "get"),
    ("/v1/reports", "get"),
    ("/v1/reports", "post"),
    ("/v1/reports/{report_id}.{ending}", "get"),
    ("/v1/holds", "get"),
    ("/v1/holds", "post"),
    ("/v1/holds", "delete"),
    ("/v1/sessions", "post"),
    ("/v1/sessions/current", "get"),
    ("/v1/sessions/current", "delete"),
    ("/v1/sessions/current/password", "put"),
    ("/v1/staff", "get"),
    ("/v1/tasks", "get"),
    ("/v1/tasks", "post"),
    ("/v1/tasks/{task_id}:complete", "post"),
    ("/v1/tasks/{task_id}:cancel", "post"),
    ("/v1/tasks/{task_id}:snooze", "post"),
    ("/v1/tasks/{task_id}:reassign", "post"),
    ("/v1/identity-decisions", "post"),
    ("/v1/audit", "post"),
    ("/v1/audit", "get"),
    ("/sign-in", "get"),
    ("/sign-in", "post"),
    ("/sign-out", "post"),
    ("/healthz", "get"),
    ("/readyz", "get"),
    ("/metrics", "get"),
]


#: Which templates, stages, rules, services and accounts there are, a form's origin, and that one of some fields is
#: needed, no schema can express.
HELD_AGAINST_THE_TENANTS_FILE = {
    "/v1/sessions",
    "/sign-in",
    "/sign-out",
    "/v1/messages",
    "/v1/stage-changes",
    "/v1/availability",
    "/v1/bookings",
    "/v1/bookings:hold",
    "/v1/bookings/{booking_id}",
    "/v1/waitlist",
    "/v1/contacts",
    "/v1/contacts/{contact_id}",
    "/v1/holds",
    "/v1/prices:quote",
    "/v1/rules/{rule_id}/why-not",
    "/v1/rehearsals",
    "/v1/reports",  # only days on which a period begins are taken
}
#: Shown again with what was wrong.
FORM = "/sign-in"
OWNER = MappingProxyType({"X-API-Key": OWNER_KEY, "Authorization": f"Bearer {OWNER_KEY}"})


#: As the patterns of the document have it; of all years there are, hardly any would be left.
schemathesis.openapi.format(
    "date-time",
    st.tuples(st.dates(date(1900, 1, 2), date(2199, 12, 30)), st.times()).map(
        lambda moment: f"{moment[0].isoformat()}T{moment[1].isoformat()}Z"
    ),
)


@schemathesis.serializer("application/x-ndjson")
def lines_as_they_are(_context: Any, value: Any) -> bytes:
    return str(value).encode(errors="surrogatepass")


@pytest.mark.parametrize("count_calls", [8, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("headers", [OWNER, {}], ids=["owner", "stranger"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation_answers_as_documented(
    schema: OpenApiSchema, path: str, method: str, headers: Mapping[str, str], count_calls: int
) -> None:
    new_id = UuidV7Factory(SystemClock()).new_event_id

    @given(case=schema[path][method].as_strategy())
    @settings(max_examples=count_calls, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def call(case: Any) -> None:
        excluded = []
        if headers and "{tenant}" in path:
            case.path_parameters["tenant"] = TENANT  # reach the sources: nothing guesses a tenant's name
            # Which content types and bodies are good depends on the source, which one path can't express.
            excluded = [positive_data_acceptance]
        if path in HELD_AGAINST_THE_TENANTS_FILE:
            excluded = [positive_data_acceptance]
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = new_id()  # good as long as no other request came with it
        case.call_and_validate(headers=dict(headers), excluded_checks=excluded)

    call()


def test_what_is_documented(address: str) -> None:
    document = httpx.get(f"{address}/openapi.json").json()
    documented = {(path, method): each for path, by in document["paths"].items() for method, each in by.items()}
    assert set(documented) == set(OPERATIONS)
    for (path, _), operation in documented.items():
        errors = {status: body for status, body in operation["responses"].items() if status >= "400"}
        told_as = {"text/html", "application/problem+json"} if path == FORM else {"application/problem+json"}
        assert {kind for body in errors.values() for kind in body["content"]} <= told_as, path
