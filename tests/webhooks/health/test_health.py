"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, select

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import WRITES_AFTER_READING
from frontdesk.core.log.schema import write_probes
from frontdesk.core.secret_store.stored_secrets import open_secrets
from frontdesk.domains.operations.heartbeats import DISPATCHER, LIVE_PATH, MONITOR, Heartbeats, LiveState, RunKind
from frontdesk.domains.sending.outbox.commands import Lane
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.core.secret_store.stores import WITH_KEY, Store
from tests.damaged_file import damage
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import NOW, Answer, Post, RunningReceiver
from tests.webhooks.signing import environment, samples, stripe_post
from webhooks.health import probes as health

METRICS = "a token of the operator's"
_LABELS = ("tenant", "source", "outcome", "le")


def get(receiver: RunningReceiver, path: str) -> Answer:
    return receiver.send(Post(path, method="GET"))


def values(receiver: RunningReceiver) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels: tenant, source, then outcome or bound."""
    answer = get(receiver, "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(sample.labels[name] for name in _LABELS if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def test_it_answers(receiver: RunningReceiver) -> None:
    answer = get(receiver, "/healthz")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})


def test_it_can_write_and_leaves_nothing_behind(start: StartReceiver, backend: Backend) -> None:
    engine = backend.open()
    receiver = start(engine=engine)

    answers = receiver.send_all([Post("/readyz", method="GET")] * 5)

    assert {answer.status for answer in answers} == {200}
    assert answers[0].json()["status"] == "starting", "nobody models or sends yet"
    with engine.connect() as connection:
        assert connection.execute(select(write_probes)).all() == []


def test_it_cannot_write_and_can_again(start: StartReceiver, backend: Backend) -> None:
    engine = backend.open()
    receiver = start(engine=engine)
    with backend.unavailable(engine):
        refused = get(receiver, "/readyz")
        alive = get(receiver, "/healthz")
    assert (refused.status, refused.headers["content-type"]) == (503, "application/problem+json")
    assert alive.status == 200
    assert get(receiver, "/readyz").status == 200


def test_a_write_that_hangs_is_no_write(
    receiver: RunningReceiver, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "READY_TIMEOUT_S", 0.05)
    with engine.execution_options(**WRITES_AFTER_READING).begin():
        threads = threading.active_count()
        answers = [get(receiver, "/readyz") for _ in range(5)]
        # One try is under way, however often it is asked.
        assert threading.active_count() <= threads + 1
    assert {answer.status for answer in answers} == {503}


def test_deliveries_by_outcome(receiver: RunningReceiver) -> None:
    for sample in samples():
        for post in (sample.post, sample.post, sample.with_wrong_proof()):
            receiver.send(post)

    metrics = values(receiver)

    for sample in samples():
        for outcome in ("accepted", "duplicate", "signature_invalid"):
            assert metrics["frontdesk_webhook_deliveries_total", "salon", sample.source, outcome] == 1
        assert metrics["frontdesk_webhook_duration_seconds_count", "salon", sample.source] == 3
        assert metrics["frontdesk_webhook_duration_seconds_bucket", "salon", sample.source, "+Inf"] == 3
        assert 0 < metrics["frontdesk_webhook_duration_seconds_sum", "salon", sample.source] < 30
    assert metrics["frontdesk_event_log_last_sequence",] == len(samples())
    assert metrics["frontdesk_event_log_queue_depth",] == 0
    assert metrics["frontdesk_rejections_dropped_total",] == 0
    assert ("frontdesk_rejections_queue_depth",) in metrics


def test_buckets_add_up(receiver: RunningReceiver) -> None:
    for number in range(20):
        receiver.send(stripe_post({"id": str(number), "type": "x"}))
    buckets = [value for (name, *_), value in values(receiver).items() if name.endswith("_bucket") and value]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 20


def test_metrics_of_a_log_that_cannot_be_read(receiver: RunningReceiver, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event_log RENAME TO gone")
    sequence = values(receiver)["frontdesk_event_log_last_sequence",]
    assert sequence != sequence  # noqa: PLR0124 - only NaN differs from itself


def heartbeats_of(engine: Engine, *, minutes_ago: float = 0) -> Heartbeats:
    clock = SetClock(NOW)
    clock.advance(minutes=-minutes_ago)
    return Heartbeats(engine, clock=clock, ids=UuidV7Factory(SystemClock()))


def test_what_is_ill_behind_the_receiver_makes_it_degraded_and_not_away(
    start: StartReceiver, backend: Backend
) -> None:
    engine = backend.open()
    receiver = start(engine=engine, least_free_mib=1)
    never = get(receiver, "/readyz")
    heartbeats_of(engine, minutes_ago=10).beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=0)
    with pytest.raises(RuntimeError), heartbeats_of(engine, minutes_ago=60).recorded(RunKind.BUILD):
        raise RuntimeError("dbt failed")

    ill, whole = get(receiver, "/readyz"), receiver.send(Post("/readyz", query="whole=true", method="GET"))

    assert (never.status, never.json()["status"]) == (200, "starting")
    assert {each["status"] for each in never.json()["components"].values()} == {"ok", "unknown"}
    assert (ill.status, ill.json()["status"], whole.status) == (200, "degraded", 503)
    parts = ill.json()["components"]
    assert parts["live_path"] == {"status": "degraded", "detail": "The live path has stopped", "age_seconds": 600.0}
    assert parts["build"] == {"status": "degraded", "detail": "The nightly build failed", "age_seconds": 3600.0}
    heartbeats_of(engine).beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=0)
    assert get(receiver, "/readyz").json()["components"]["live_path"]["status"] == "ok"


def test_stored_secrets_that_can_not_be_read_are_counted_and_not_named(start: StartReceiver, engine: Engine) -> None:
    Store(engine).set("salon", "STRIPE_WEBHOOK_SECRET", "whsec_hidden")
    known = get(start(secrets=open_secrets(engine, environ=environment() | WITH_KEY)), "/readyz").json()
    lost = get(start(secrets=open_secrets(engine, environ=environment())), "/readyz").json()
    assert known["components"]["secrets"]["detail"] == "all can be read"
    assert (lost["status"], lost["components"]["secrets"]) == (
        "degraded",
        {
            "status": "degraded",
            "detail": "1 stored can't be read; `frontdesk doctor` tells which and why",
            "age_seconds": None,
        },
    )


def publish(home: Path, *, modelled_sequence: int) -> None:
    """Publish a file that has been modelled so far, and nothing else."""
    with duckdb.connect(str(home / "draft.duckdb")) as connection:
        connection.execute("CREATE SCHEMA reports")
        connection.execute(
            "CREATE TABLE reports.rpt_freshness AS SELECT ?::BIGINT AS modelled_sequence, now() AS published_at",
            [modelled_sequence],
        )
    (home / "draft.duckdb").replace(home / "analytics.duckdb")


def test_it_is_ready_once_something_can_be_sent_and_not_before(
    start: StartReceiver, backend: Backend, clock: SetClock, tmp_path: Path
) -> None:
    publish(tmp_path, modelled_sequence=0)
    engine = backend.open()
    receiver = start(engine=engine, least_free_mib=1)
    heartbeats = Heartbeats(engine, clock=clock, ids=UuidV7Factory(SystemClock()))

    def answers() -> tuple[str, int]:
        whole = receiver.send(Post("/readyz", query="whole=true", method="GET"))
        assert get(receiver, "/readyz").status == 200, "deliveries are taken"
        return get(receiver, "/readyz").json()["status"], whole.status

    def follow(state: LiveState = LiveState.FOLLOWING) -> None:
        heartbeats.beat(LIVE_PATH, state=state, modelled_sequence=0)

    follow()
    assert answers() == ("starting", 503), "nobody sends"
    heartbeats.beat(DISPATCHER, state="sending")
    assert answers() == ("ready", 200)
    follow(LiveState.OPENING)
    assert answers() == ("starting", 503), "what comes waits for the warehouse"
    follow()
    clock.advance(seconds=31)
    assert answers() == ("starting", 503), "the signs of life are of an earlier start"
    follow()
    clock.advance(minutes=2)
    follow()
    assert answers() == ("degraded", 503), "the dispatcher has stopped"
    heartbeats.beat(DISPATCHER, state="sending")
    assert answers() == ("ready", 200)


def test_a_published_file_is_ill_by_what_it_lacks_and_not_by_its_age(
    start: StartReceiver, backend: Backend, clock: SetClock, tmp_path: Path
) -> None:
    engine = backend.open()
    receiver = start(engine=engine)
    receiver.send_all([stripe_post({"id": f"evt_{n}", "type": "invoice.paid", "created": 1}) for n in range(2)])

    def part(modelled_sequence: int, *, state: LiveState = LiveState.FOLLOWING) -> str:
        publish(tmp_path, modelled_sequence=modelled_sequence)
        Heartbeats(engine, clock=clock, ids=UuidV7Factory(SystemClock())).beat(
            LIVE_PATH, state=state, modelled_sequence=2
        )
        return str(get(receiver, "/readyz").json()["components"]["published_file"]["status"])

    assert part(1) == "ok", "for a moment"
    clock.advance(minutes=6)
    assert part(1) == "degraded"
    assert part(1, state=LiveState.OPENING) == "ok", "a build takes its time, and the live path's part tells"
    assert part(2) == "ok"
    clock.advance(hours=40)
    assert part(2) == "ok", "nothing happens"
    (tmp_path / "analytics.duckdb").write_bytes(b"no database")
    assert get(receiver, "/readyz").json()["components"]["published_file"]["status"] == "degraded"


def test_a_provider_that_is_not_called_makes_it_degraded_without_a_name(
    start: StartReceiver, backend: Backend
) -> None:
    engine = backend.open()
    receiver = start(engine=engine)
    outbox = Outbox(engine, clock=SetClock(NOW), ids=UuidV7Factory(SystemClock()))
    outbox.note_lane(Lane("salon", "twilio"), reason="Twilio 20003", is_set_up=True)

    part = get(receiver, "/readyz").json()["components"]["providers"]
    outbox.note_lane(Lane("salon", "twilio"), reason=None, is_set_up=False)

    assert (part["status"], part["detail"].split()[0]) == ("degraded", "1")
    assert "salon" not in part["detail"]
    assert get(receiver, "/readyz").json()["components"]["providers"]["status"] == "ok"


def test_metrics_tell_how_far_behind_the_log_and_how_old_everything_is(
    start: StartReceiver, backend: Backend
) -> None:
    engine = backend.open()
    receiver = start(engine=engine)
    receiver.send_all([stripe_post({"id": f"evt_{n}", "type": "invoice.paid", "created": 1}) for n in range(3)])
    heartbeats_of(engine, minutes_ago=2).beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=1)
    heartbeats_of(engine, minutes_ago=1).beat(MONITOR, state="watching")
    with heartbeats_of(engine, minutes_ago=30).recorded(RunKind.VERIFICATION):
        pass

    found = values(receiver)

    assert found["frontdesk_log_lag_events",] == 2
    assert found["frontdesk_log_lag_seconds",] >= 0
    assert found["frontdesk_live_path_heartbeat_age_seconds",] == 120
    assert found["frontdesk_monitor_heartbeat_age_seconds",] == 60
    assert found["frontdesk_disk_free_bytes",] > 0
    text = get(receiver, "/metrics").body.decode()
    assert 'frontdesk_run_succeeded{run="verification"} 1.0' in text
    assert 'frontdesk_run_age_seconds{run="verification"} 1800.0' in text
    assert 'frontdesk_degraded{component="live_path"} 0.0' in text


def test_metrics_are_told_though_the_published_file_is_damaged(
    start: StartReceiver, backend: Backend, tmp_path: Path
) -> None:
    receiver = start(engine=backend.open())
    file = tmp_path / "analytics.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA reports")
        connection.execute(
            "CREATE TABLE reports.rpt_freshness AS SELECT range AS modelled_sequence, now() AS published_at,"
            " md5(range::VARCHAR) AS noise FROM range(100_000)"
        )
    damage(file)

    assert values(receiver)["frontdesk_event_log_last_sequence",] == 0
    assert get(receiver, "/readyz").status == 200


@pytest.mark.parametrize(
    ("headers", "token", "status"),
    [
        ({}, "", 200),
        ({"host": "localhost:8000"}, "", 200),
        ({"host": "evil.example"}, "", 403),
        ({"x-forwarded-for": "192.0.2.1"}, "", 403),
        ({"x-forwarded-for": "192.0.2.1", "authorization": f"Bearer {METRICS}"}, METRICS, 200),
        ({"host": "metrics.example", "authorization": f"Bearer {METRICS}"}, METRICS, 200),
        ({"x-forwarded-for": "192.0.2.1", "authorization": "Bearer "}, "", 403),
        ({"x-forwarded-for": "192.0.2.1", "authorization": "Bearer guess"}, METRICS, 403),
    ],
)
def test_metrics_are_told_to_this_machine_or_for_the_token(
    start: StartReceiver, headers: dict[str, str], token: str, status: int
) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_METRICS_TOKEN": token})
    answer = receiver.send(Post("/metrics", method="GET", headers=headers))
    assert answer.status == status
    assert (b"frontdesk_event_log_last_sequence" in answer.body) == (status == 200)


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/openapi.json", "/v1/events", "/sign-in", "/nothing"])
def test_every_answer_is_protected(receiver: RunningReceiver, path: str) -> None:
    headers = get(receiver, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"]
