"""What every source answers: the table of statuses, and errors as problems."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from tests.clocks import SetClock
from tests.domains.staff.conftest import quick_passwords
from tests.webhooks.conftest import StartReceiver, make_tenant
from tests.webhooks.harness import Answer, Post, RunningReceiver
from tests.webhooks.signing import PUBLIC_URL, TENANT, Sample, environment, samples
from webhooks.app import create_app

SAMPLES = [pytest.param(sample, id=sample.source) for sample in samples()]


def assert_is_problem(answer: Answer, *, status: int, reason: str | None = None) -> None:
    problem = answer.json()
    assert answer.status == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert problem.get("reason") == reason


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_genuine_delivery_and_its_repeat(receiver: RunningReceiver, log: EventLog, sample: Sample) -> None:
    answers = [receiver.send(sample.post) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    [event] = log.read_after(0, limit=10)
    assert (event.tenant_id, event.source) == (TENANT, sample.source)
    if sample.source != "twilio":  # which must not be sent JSON
        fields = {"event_id": event.event_id, "sequence": event.sequence}
        assert [answer.json() for answer in answers] == [
            {"status": "accepted"} | fields,
            {"status": "duplicate"} | fields,
        ]
        assert {answer.headers["content-type"] for answer in answers} == {"application/json"}


@pytest.mark.parametrize("sample", SAMPLES)
def test_without_and_with_a_wrong_proof(receiver: RunningReceiver, log: EventLog, sample: Sample) -> None:
    missing, wrong = receiver.send(sample.without_proof()), receiver.send(sample.with_wrong_proof())

    expected = "signature_missing" if sample.proof else "signature_invalid"
    assert_is_problem(missing, status=401, reason=expected)
    assert_is_problem(wrong, status=401, reason="signature_invalid")
    assert "www-authenticate" in missing.headers
    assert log.last_sequence() == 0


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_secret_no_entry(start: StartReceiver, log: EventLog, sample: Sample) -> None:
    receiver = start(environ={})
    assert_is_problem(receiver.send(sample.post), status=404, reason="not_configured")
    assert log.last_sequence() == 0


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_secret_of_one_tenant_opens_no_other(receiver: RunningReceiver, sample: Sample) -> None:
    other = sample.post.changed(path=f"/webhooks/bakery/{sample.source}")
    assert_is_problem(receiver.send(other), status=404, reason="not_configured")


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_method_it_does_not_use(receiver: RunningReceiver, sample: Sample) -> None:
    answer = receiver.send(sample.post.changed(method="PUT"))
    assert_is_problem(answer, status=405, reason="method_not_allowed")
    by_get = sample.source in {"twilio", "clicksend", "zoho"}
    assert answer.headers["allow"] == ("GET, POST" if by_get else "POST")


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_content_type_it_does_not_send(receiver: RunningReceiver, sample: Sample) -> None:
    answer = receiver.send(sample.post.with_headers(content_type="application/xml"))
    if sample.source == "google-calendar":  # has no body to read
        assert answer.status == 200
    else:
        assert_is_problem(answer, status=415, reason="unsupported_content_type")


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_content_type_is_read_as_the_usual_one(receiver: RunningReceiver, sample: Sample) -> None:
    assert receiver.send(sample.post.with_headers(content_type=None)).status == 200


@pytest.mark.parametrize("sample", SAMPLES)
def test_parameters_and_case_of_the_content_type_do_not_matter(receiver: RunningReceiver, sample: Sample) -> None:
    content_type = sample.post.headers["content-type"].partition(";")[0].upper() + " ; charset=UTF-8"
    assert receiver.send(sample.post.with_headers(content_type=content_type)).status == 200


@pytest.mark.parametrize("path", ["/webhooks/nobody/stripe", "/webhooks/%00/stripe", "/webhooks/../stripe"])
def test_an_unknown_tenant(receiver: RunningReceiver, path: str) -> None:
    assert_is_problem(receiver.send(Post(path)), status=404, reason="unknown_tenant")


def test_an_unknown_source(receiver: RunningReceiver) -> None:
    assert_is_problem(receiver.send(Post(f"/webhooks/{TENANT}/myspace")), status=404, reason="not_configured")


@pytest.mark.parametrize(
    "path", ["/", "/webhooks", f"/webhooks/{TENANT}", f"/webhooks/{TENANT}/stripe/more", "/docs"]
)
def test_addresses_that_are_not_there(receiver: RunningReceiver, path: str) -> None:
    assert_is_problem(receiver.send(Post(path)), status=404)


def test_methods_that_are_not_there(receiver: RunningReceiver) -> None:
    answer = receiver.send(Post("/healthz"))
    assert_is_problem(answer, status=405)
    assert answer.headers["allow"] == "GET"


def test_an_encoded_hyphen_is_a_hyphen(receiver: RunningReceiver) -> None:
    [post] = [sample.post for sample in samples() if sample.source == "google-calendar"]
    assert receiver.send(post.changed(path=f"/webhooks/{TENANT}/google%2Dcalendar")).status == 200


def test_a_business_whose_file_can_not_be_read_is_asked_to_wait(
    engine: Engine, clock: SetClock, tmp_path: Path
) -> None:
    tenants = {"bakery": make_tenant("bakery")}
    app = create_app(
        Settings(home=tmp_path, public_url=PUBLIC_URL),
        engine=engine,
        secrets=Secrets(environment()),
        tenants=tenants,
        clock=clock,
        passwords=quick_passwords(),
        wrong_files={TENANT: "salon.yaml: zone: is missing"},
    )
    receiver = RunningReceiver(app)
    receiver.start()
    try:
        for sample in samples():
            answer = receiver.send(sample.post)
            wanted = 429 if sample.source == "gohighlevel" else 503
            assert_is_problem(answer, status=wanted, reason="set_aside")
            assert answer.headers["retry-after"]
        assert_is_problem(receiver.send(Post("/webhooks/nobody/stripe")), status=404, reason="unknown_tenant")
    finally:
        receiver.end()
