"""Every condition is told once, nothing more while it lasts, and once that it is well: by e-mail and by webhook."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from sqlalchemy import Engine

from dashboard.frame.analytics_file import AnalyticsFile, AnalyticsFileError
from dashboard.parts.queries import fetch_source_health
from frontdesk.connectors.http_calls import is_this_machine, open_client
from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.set_aside import Kind as Aside
from frontdesk.core.log.set_aside import SetAside, Step
from frontdesk.core.published.connection import attach_published
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.core.serving.hosts import host_of
from frontdesk.domains.operations.alert_routes import build_routes
from frontdesk.domains.operations.heartbeats import LIVE_PATH, MONITOR, Heartbeats, LiveState, RunKind, RunOutcome
from frontdesk.domains.operations.measurements import read_published
from frontdesk.domains.operations.monitor import PIPELINES, RECEIVER, AlertThread, Monitor, build_monitor
from frontdesk.domains.sending.outbox.holds import HoldScope
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.files import TenantFiles
from tests.clocks import SetClock
from tests.core.secret_store.stores import WITH_KEY, Store
from tests.damaged_file import damage
from tests.domains.sending.dispatch.sending_fixture import mail, open_sending, tenants_for, text
from tests.domains.sending.dispatch.standins import TENANTS_DIR, WEBHOOK_SECRET, StandIns, standing_in
from tests.domains.sending.outbox.factories import NOON
from tests.pipelines.facts import contact, fact
from tests.pipelines.homes import Home
from tests.webhooks.server import free_port

OWNER = "owner@ops.example"


@pytest.fixture(scope="module")
def running_standins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    with standing_in(tmp_path_factory.mktemp("standins")) as standins:
        yield standins


@pytest.fixture
def standins(running_standins: StandIns) -> StandIns:
    running_standins.reset()
    return running_standins


@dataclass
class Watch:
    """A monitor that is looked through, minute by minute, and what the owner was sent."""

    folder: Path
    standins: StandIns
    clock: SetClock
    parts: tuple[str, ...] = ()
    settings_of: dict[str, Any] = field(default_factory=dict)
    environ_of: dict[str, str] = field(default_factory=dict)
    alerts_of: dict[str, Any] = field(default_factory=dict)  #: of noizylab's file
    _engine: Engine | None = None
    _monitor: Monitor | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = open_database(f"sqlite:///{self.folder / 'frontdesk.db'}")
        return self._engine

    @property
    def heartbeats(self) -> Heartbeats:
        return Heartbeats(self.engine, clock=self.clock, ids=UuidV7Factory(SystemClock()))

    def start(self, **settings: Any) -> None:
        """Start the monitor, or start it again: what it knew is in the database."""
        tenants = tenants_for(self.standins)
        if self.alerts_of:
            alerts = tenants["noizylab"].alerts.model_copy(update=self.alerts_of)
            tenants["noizylab"] = tenants["noizylab"].model_copy(update={"alerts": alerts})
        chosen = {"home": self.folder, "alert_email": OWNER, "alert_mail_by": "hmnp", **self.settings_of, **settings}
        self._monitor = build_monitor(
            self.standins.settings(**chosen),
            engine=self.engine,
            tenants=tenants,
            environ=dict(self.standins.environ) | self.environ_of,
            parts=self.parts,
            clock=self.clock,
        )

    @property
    def monitor(self) -> Monitor:
        """What was started."""
        assert self._monitor is not None
        return self._monitor

    def look(self, *, minutes: int, before: Callable[[], object] = lambda: None) -> None:
        """Look each minute; `before` is done before each look."""
        if self._monitor is None:
            self.start()
            self.clock.advance(minutes=4)  # what is starting is not ill
        assert self._monitor is not None
        for _ in range(minutes):
            self.clock.advance(minutes=1)
            before()
            self._monitor.look()
            self._monitor.send_alerts()

    def mails(self, to: str = OWNER) -> list[str]:
        """The subjects of what was sent, the oldest first."""
        entries = [entry for entry in self.standins.entries() if entry["recipient"] == to]
        return [entry["subject"] for entry in sorted(entries, key=lambda entry: entry["number"])]


@pytest.fixture
def watch(tmp_path: Path, standins: StandIns) -> Watch:
    clock = SetClock(NOON)
    clock.instant = SystemClock().now()
    return Watch(tmp_path, standins, clock)


def told_once(watch: Watch, title: str, *, before: Callable[[], object] = lambda: None) -> None:
    watch.look(minutes=3, before=before)
    assert watch.mails() == [title]
    watch.look(minutes=7, before=before)
    watch.start()  # a restart of the monitor
    watch.look(minutes=6, before=before)
    assert watch.mails() == [title], "nothing more while it lasts"


def well_once(watch: Watch, title: str, *, before: Callable[[], object] = lambda: None) -> None:
    watch.look(minutes=9, before=before)
    assert watch.mails() == [title, f"Well again: {title}"]
    watch.look(minutes=9, before=before)
    assert watch.mails() == [title, f"Well again: {title}"]


def test_a_disk_that_is_nearly_full(watch: Watch) -> None:
    watch.settings_of = {"least_free_mib": shutil.disk_usage(watch.folder).total // 2**20}
    told_once(watch, "The disk is nearly full")
    watch.settings_of = {"least_free_mib": 1}
    watch.start()
    well_once(watch, "The disk is nearly full")


def test_a_live_path_that_has_stopped(watch: Watch) -> None:
    def beat() -> None:
        watch.heartbeats.beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=0)

    beat()
    told_once(watch, "The live path has stopped")
    well_once(watch, "The live path has stopped", before=beat)


def test_a_live_path_that_fails_at_the_same_event_again_and_again(watch: Watch) -> None:
    log = EventLog(watch.engine, ids=UuidV7Factory(SystemClock()))
    log.append([contact("1", phone="+61400000001")])

    def fail() -> None:
        for state in (LiveState.OPENING, LiveState.FAILING):
            watch.heartbeats.beat(LIVE_PATH, state=state, modelled_sequence=0, error="ValueError: a poison")

    told_once(watch, "The live path fails", before=fail)
    well_once(
        watch,
        "The live path fails",
        before=lambda: watch.heartbeats.beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=1),
    )


def test_a_build_that_failed_and_a_verification_that_differs(watch: Watch) -> None:
    with pytest.raises(RuntimeError), watch.heartbeats.recorded(RunKind.BUILD):
        raise RuntimeError("dbt failed")
    told_once(watch, "The nightly build failed")
    with watch.heartbeats.recorded(RunKind.BUILD):
        pass
    well_once(watch, "The nightly build failed")

    watch.standins.reset()
    with watch.heartbeats.recorded(RunKind.VERIFICATION) as result:
        result.outcome, result.detail = RunOutcome.DIFFERENT, "fct_payments differs"
    told_once(watch, "The models are not what a rebuild gives")
    watch.clock.advance(minutes=1)
    with watch.heartbeats.recorded(RunKind.VERIFICATION):
        pass
    well_once(watch, "The models are not what a rebuild gives")


def test_a_verification_that_does_not_run_any_more(watch: Watch) -> None:
    with watch.heartbeats.recorded(RunKind.VERIFICATION):
        pass
    watch.clock.advance(hours=60)

    watch.look(minutes=3)

    [subject] = watch.mails()
    assert subject.startswith("No nightly verification since")


def test_stored_secrets_that_can_not_be_read(watch: Watch) -> None:
    Store(watch.engine).set("noizylab", "STRIPE_WEBHOOK_SECRET", "whsec_hidden")
    title = "Stored secrets of noizylab can't be read"
    told_once(watch, title)
    watch.environ_of = WITH_KEY
    watch.start()
    well_once(watch, title)
    assert "hidden" not in str(watch.standins.entries())


def test_a_mail_account_that_is_stored_while_it_runs_sends_the_alert(watch: Watch) -> None:
    names = [f"FRONTDESK_HMNP_{name}" for name in ("SMTP_USERNAME", "SMTP_PASSWORD")]
    values = {name: watch.standins.environ[name] for name in names}
    watch.environ_of = WITH_KEY | dict.fromkeys(names, "")
    watch.settings_of = {"least_free_mib": shutil.disk_usage(watch.folder).total // 2**20}
    watch.look(minutes=3)
    assert watch.mails() == []
    for name, value in values.items():
        Store(watch.engine).set("hmnp", name.removeprefix("FRONTDESK_HMNP_"), value)
    # It is due again; nobody looks in between.
    watch.clock.advance(minutes=10)
    watch.monitor.send_alerts()
    assert watch.mails() == ["The disk is nearly full"]


def test_a_process_that_does_not_answer(watch: Watch) -> None:
    watch.parts = (RECEIVER,)
    port = free_port()
    watch.settings_of = {"receiver_port": port}
    told_once(watch, "The receiver does not answer")
    with answering(port):
        well_once(watch, "The receiver does not answer")


@contextmanager
def answering(port: int) -> Iterator[None]:
    """Have something answer every request at a port, as a receiver does that is up again."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter's own name
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(timeout=20)


def test_a_provider_that_refuses_the_credentials(watch: Watch, standins: StandIns) -> None:
    wrong = {**standins.environ, "FRONTDESK_NOIZYLAB_TWILIO_AUTH_TOKEN": "wrong"}
    try_often(watch, environ=wrong)
    told_once(watch, "twilio refuses the credentials (noizylab)")
    try_often(watch, environ=dict(standins.environ))
    title = "twilio refuses the credentials (noizylab)"
    mails = watch.mails()
    watch.look(minutes=8)
    assert watch.mails() == [*mails, f"Well again: {title}"]


def test_a_provider_that_is_down(watch: Watch, standins: StandIns) -> None:
    standins.behave("twilio", mode="server_error", status=503)
    try_often(watch, environ=dict(standins.environ))
    title = "twilio is down or refuses (noizylab)"
    told_once(watch, title)
    standins.behave("twilio")
    try_often(watch, environ=dict(standins.environ))
    watch.look(minutes=9)
    assert watch.mails() == [title, f"Well again: {title}"]


def test_a_provider_that_is_down_stays_told_however_much_others_send(
    watch: Watch, standins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.domains.operations.measurements._CALLS_LOOKED_AT", 4)
    standins.behave("twilio", mode="server_error", status=503)
    try_often(watch, environ=dict(standins.environ))
    title = "twilio is down or refuses (noizylab)"
    told_once(watch, title)
    standins.behave("twilio")
    with open_sending(standins, watch.folder, clock=watch.clock) as sending:
        sending.outbox.hold(HoldScope(tenant_id="noizylab"), reason="no try yet", held_by="a person")
        sending.send(
            *(mail(f"other{n}", tenant_id="hmnp", provider="smtp", due_at=watch.clock.now()) for n in range(6))
        )
        watch.look(minutes=9)
        assert watch.mails() == [title], "still down"
        sending.outbox.release(HoldScope(tenant_id="noizylab"), released_by="a person")
    try_often(watch, environ=dict(standins.environ))
    watch.look(minutes=9)
    assert watch.mails() == [title, f"Well again: {title}"]


def try_often(watch: Watch, *, environ: dict[str, str], times: int = 8) -> None:
    with open_sending(watch.standins, watch.folder, clock=watch.clock, environ=environ) as sending:
        sending.put(*(text(f"k{n}", due_at=watch.clock.now()) for n in range(3)))
        for _ in range(times):
            watch.clock.advance(minutes=20)
            sending.dispatcher.dispatch_due()


def test_a_provider_without_its_secrets(watch: Watch) -> None:
    try_often(watch, environ={}, times=1)
    title = "twilio is not configured (noizylab)"
    told_once(watch, title)
    try_often(watch, environ=dict(watch.standins.environ), times=3)
    watch.look(minutes=9)
    assert watch.mails() == [title, f"Well again: {title}"]


def test_a_queue_that_nobody_empties(watch: Watch) -> None:
    with open_sending(watch.standins, watch.folder, clock=watch.clock) as sending:
        sending.put(text("k1", due_at=watch.clock.now()))
        watch.clock.advance(minutes=11)
        title = "Messages and tasks of noizylab do not go out (twilio)"
        told_once(watch, title)
        sending.dispatcher.dispatch_due()
        watch.look(minutes=9)
        assert watch.mails() == [title, f"Well again: {title}"]


def test_a_queue_that_is_held_is_no_trouble(watch: Watch) -> None:
    with open_sending(watch.standins, watch.folder, clock=watch.clock) as sending:
        sending.outbox.hold(HoldScope(), reason="a test", held_by="a person")
        sending.put(text("k1", due_at=watch.clock.now()))
        watch.look(minutes=20)
    assert watch.mails() == []


def test_a_database_that_is_gone_and_is_put_back(watch: Watch) -> None:
    EventLog(watch.engine, ids=UuidV7Factory(SystemClock())).append([contact("1", phone="+61400000001")])
    watch.look(minutes=1)
    away = watch.folder / "away"
    away.mkdir()
    files = sorted(watch.folder.glob("frontdesk.db*"))
    for file in files:
        file.rename(away / file.name)

    told_once(watch, "The event log can't be written")

    for file in files:
        (away / file.name).rename(file)
    well_once(watch, "The event log can't be written")


def test_something_that_was_set_aside(watch: Watch) -> None:
    title = "Something of noizylab was set aside"
    asides = SetAside(watch.engine, clock=watch.clock)
    asides.note(Aside.RULE, "recall", step=Step.DECISIONS, reason="a cast failed", tenant_id="noizylab")
    told_once(watch, title)
    asides.let_in(Aside.RULE, ["recall"])
    well_once(watch, title)


def test_a_source_that_fell_silent_by_its_own_rhythm(home: Home, standins: StandIns) -> None:
    clock = SetClock(NOON)
    clock.instant = now = SystemClock().now()
    home.log.append([wix(f"w{hours}", at=now - timedelta(hours=hours)) for hours in range(36, 40 * 24)])
    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
        watch = Watch(home.folder, standins, clock)

        told_once(watch, "wix of avatar-imaging is silent")
        home.log.append([wix("again", at=SystemClock().now())])
        modeller.follow_to_end()
        well_once(watch, "wix of avatar-imaging is silent")
    told = [event for event in home.log.read_after(0, limit=10_000) if event.type.startswith("alert.")]
    assert [event.type for event in told] == ["alert.raised", "alert.recovered"]
    assert {event.tenant_id for event in told} == {"avatar-imaging"}


def wix(event_id: str, *, at: datetime) -> Any:
    return fact("wix.test", {}, event_id=event_id, at=at, source="wix")


def test_flapping_is_told_ever_more_seldom(watch: Watch) -> None:
    def beat() -> None:
        watch.heartbeats.beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=0)

    beat()
    for _ in range(15):  # twelve minutes well, six ill, for four hours and a half
        watch.look(minutes=12, before=beat)
        watch.look(minutes=6)

    assert len(watch.mails()) == 5  # raised, over, raised, over, raised: from then on it is not well for long enough


def test_a_short_trouble_is_told_to_nobody(watch: Watch) -> None:
    watch.settings_of = {"least_free_mib": shutil.disk_usage(watch.folder).total // 2**20}
    watch.start()
    watch.look(minutes=1)
    watch.settings_of = {"least_free_mib": 1}
    watch.start()
    watch.look(minutes=10)
    assert watch.mails() == []


def test_two_monitors_tell_what_they_both_see_once(watch: Watch) -> None:
    watch.settings_of = {"least_free_mib": shutil.disk_usage(watch.folder).total // 2**20}
    other = Watch(watch.folder, watch.standins, watch.clock, settings_of=watch.settings_of)
    for _ in range(10):
        watch.look(minutes=1)
        other.look(minutes=1)
    assert watch.mails() == ["The disk is nearly full"]


def test_an_alert_that_can_not_be_sent_is_sent_later(watch: Watch, standins: StandIns) -> None:
    standins.behave("smtp", mode="server_error")
    watch.settings_of = {"least_free_mib": shutil.disk_usage(watch.folder).total // 2**20}
    watch.look(minutes=10)
    assert watch.mails() == []
    standins.behave("smtp")
    watch.look(minutes=20)
    assert watch.mails() == ["The disk is nearly full"]


def test_a_business_has_its_own_alerts_signed_to_its_endpoint_and_by_its_own_mail(watch: Watch) -> None:
    watch.alerts_of = {"email": ("boss@noizylab.example",), "endpoint": "crm"}
    watch.clock.advance(minutes=-26)  # receivers refuse what is signed at another time than theirs
    try_often(watch, environ={}, times=1)

    watch.look(minutes=9)

    assert watch.mails() == []
    assert watch.mails("boss@noizylab.example") == ["twilio is not configured (noizylab)"]
    providers = sorted(entry["provider"] for entry in watch.standins.entries())
    assert providers == ["graph", "webhook"]  # noizylab mails by Microsoft Graph


def post_a_full_disk(watch: Watch, *, url: str) -> None:
    """Let the disk be nearly full, and the system's alerts go to a signed webhook alone."""
    watch.standins = StandIns(
        watch.standins.url,
        watch.standins.smtp_port,
        {**watch.standins.environ, "FRONTDESK_ALERT_WEBHOOK_SECRET": WEBHOOK_SECRET},
    )
    watch.settings_of = {
        "alert_email": None,
        "alert_webhook_url": url,
        "least_free_mib": shutil.disk_usage(watch.folder).total // 2**20,
    }


def test_the_system_posts_its_alerts_signed(watch: Watch) -> None:
    watch.clock.advance(minutes=-6)  # receivers refuse what is signed at another time than theirs
    post_a_full_disk(watch, url=f"{watch.standins.url}/hooks/noizylab")
    watch.look(minutes=9)

    [hook] = [entry for entry in watch.standins.entries() if entry["provider"] == "webhook"]
    assert "The disk is nearly full" in str(hook)


def test_a_published_file_with_a_damaged_block_is_told_and_everything_else_is_watched(
    home: Home, standins: StandIns
) -> None:
    clock = SetClock(NOON)
    clock.instant = SystemClock().now()
    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
    file = damaged(home.folder)
    with duckdb.connect() as connection:
        attach_published(connection, file, name="published")  # it opens, and only a query fails
    full = shutil.disk_usage(home.folder).total // 2**20
    watch = Watch(home.folder, standins, clock, parts=(PIPELINES,), settings_of={"least_free_mib": full})
    watch.heartbeats.beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=0)

    watch.look(
        minutes=7, before=lambda: watch.heartbeats.beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=0)
    )

    assert watch.mails() == ["The disk is nearly full", "The published file can't be read"]
    with pytest.raises(NothingPublishedError):
        read_published(file)
    with pytest.raises(AnalyticsFileError):
        fetch_source_health(AnalyticsFile(file), tenant_ids=list(home.tenants))


def published_at(folder: Path, sequence: int, *, when: datetime) -> None:
    """Publish a file that knows the log up to a sequence."""
    draft = folder / "draft.duckdb"
    with duckdb.connect(str(draft)) as connection:
        connection.execute("create schema reports")
        connection.execute(
            "create table reports.rpt_freshness as"
            " select ?::bigint as modelled_sequence, ?::timestamptz as published_at",
            [sequence, when],
        )
        connection.execute(
            "create table reports.rpt_source_health (tenant_id text, source text, is_silent boolean, silent_seconds"
            " bigint, usual_gap_seconds bigint, last_event_at timestamptz, is_configured boolean)"
        )
    draft.replace(folder / "analytics.duckdb")


def test_a_published_file_that_falls_behind_the_models(watch: Watch) -> None:
    watch.parts = (PIPELINES,)
    log = EventLog(watch.engine, ids=UuidV7Factory(SystemClock()))
    log.append([wix("1", at=watch.clock.now())])
    log.append([wix("2", at=watch.clock.now())])
    published_at(watch.folder, 1, when=watch.clock.now())

    def beat() -> None:
        watch.heartbeats.beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=2)

    beat()
    watch.look(minutes=3, before=beat)
    assert watch.mails() == []
    title = "The published file falls behind the models"
    watch.look(minutes=4, before=beat)
    told_once(watch, title, before=beat)
    published_at(watch.folder, 2, when=watch.clock.now())
    well_once(watch, title, before=beat)


def test_an_old_file_of_an_idle_shop_is_well(watch: Watch) -> None:
    watch.parts = (PIPELINES,)
    log = EventLog(watch.engine, ids=UuidV7Factory(SystemClock()))
    log.append([wix("1", at=watch.clock.now())])
    published_at(watch.folder, 1, when=watch.clock.now())
    watch.clock.advance(hours=30)
    watch.look(
        minutes=9, before=lambda: watch.heartbeats.beat(LIVE_PATH, state=LiveState.FOLLOWING, modelled_sequence=1)
    )
    assert watch.mails() == []


def damaged(folder: Path) -> Path:
    """Damage the published file, the only one there is then."""
    name = folder / "analytics.duckdb"
    content = name.resolve().read_bytes()
    for other in (folder / "published").glob("*.duckdb"):
        other.unlink()
    name.unlink(missing_ok=True)
    name.write_bytes(content)
    damage(name)
    return name


def test_a_judge_that_raises_is_one_condition_and_the_others_judge(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a surprise")

    watch.settings_of = {"least_free_mib": shutil.disk_usage(watch.folder).total // 2**20}
    with monkeypatch.context() as patch:
        patch.setattr("frontdesk.domains.operations.checks.read_lanes", fail)
        watch.look(minutes=9)
        assert watch.mails() == ["The disk is nearly full", "The monitor can't judge providers"]
    watch.look(minutes=9)
    assert watch.mails()[2:] == ["Well again: The monitor can't judge providers"]


@pytest.mark.parametrize(
    "wrong", ["büro@example.de", "o wner@ops.example", "owner@ops..example", "owner\u2028@ops.example"]
)
def test_an_address_that_can_not_be_written_to_keeps_nobody_else_from_being_told(watch: Watch, wrong: str) -> None:
    watch.settings_of = {
        "alert_email": f"{wrong}, {OWNER}",
        "least_free_mib": shutil.disk_usage(watch.folder).total // 2**20,
    }
    watch.look(minutes=9)
    assert watch.mails() == ["The disk is nearly full"]


def test_a_way_that_raises_keeps_no_other_from_being_used(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.settings_of = {
        "alert_webhook_url": "https://hooks.example/alerts",
        "least_free_mib": shutil.disk_usage(watch.folder).total // 2**20,
    }

    def fail(*_: object) -> None:
        raise RuntimeError("a surprise")

    monkeypatch.setattr("frontdesk.domains.operations.alert_sender.AlertSender._post", fail)
    watch.look(minutes=9)
    assert watch.mails() == ["The disk is nearly full"]


def test_a_mail_server_that_hangs_keeps_nobody_from_looking(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, sent = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        sent.set()
        assert hangs.wait(60)

    watch.settings_of = {"least_free_mib": shutil.disk_usage(watch.folder).total // 2**20}
    watch.start()
    monitor = watch.monitor
    with monkeypatch.context() as patch:
        patch.setattr("frontdesk.domains.operations.alert_sender.AlertSender._mail", hang)
        alerts = AlertThread(monitor)
        alerts.start()
        for _ in range(5):
            watch.clock.advance(minutes=1)
            monitor.look()
            alerts.ring()
        assert sent.wait(20)
        for _ in range(5):
            watch.clock.advance(minutes=1)
            monitor.look()
        beat = watch.heartbeats.heartbeat(MONITOR)
        assert beat is not None
        assert beat.beat_at == watch.clock.now()
        assert not alerts.stop(within_s=0.1), "a call under way is not waited for without end"
        hangs.set()
        assert alerts.stop(within_s=20)


def test_an_alert_that_was_not_sent_before_the_end_is_sent_by_the_next_start(watch: Watch) -> None:
    watch.settings_of = {"least_free_mib": shutil.disk_usage(watch.folder).total // 2**20}
    watch.start()
    for _ in range(3):
        watch.clock.advance(minutes=1)
        watch.monitor.look()
    stopping = threading.Event()
    stopping.set()
    watch.monitor.send_alerts(stopping=stopping)
    assert watch.mails() == []

    watch.start()
    watch.look(minutes=1)

    assert watch.mails() == ["The disk is nearly full"]


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("https://localhost.evil/hook", False),
        ("https://x.example/?to=http://localhost", False),
        ("https://127.0.0.1.nip.io", False),
        ("http://localhost:8000/hook", True),
        ("http://[::1]/hook", True),
    ],
)
def test_only_this_machines_own_names_go_past_a_proxy(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, url: str, is_local: bool
) -> None:
    opened: list[str] = []

    def note(base_url: str) -> httpx.Client:
        opened.append(base_url)
        return open_client("http://127.0.0.1:9")

    monkeypatch.setattr("frontdesk.domains.operations.alert_sender.open_client", note)
    post_a_full_disk(watch, url=url)
    watch.look(minutes=3)
    assert [is_this_machine(host_of(each)) for each in opened[:1]] == [is_local]


def test_whom_to_tell_follows_the_configuration(watch: Watch, tmp_path: Path) -> None:
    folder = tmp_path / "tenants"
    shutil.copytree(TENANTS_DIR, folder)
    files = TenantFiles.open(watch.engine, folder=folder)
    files.write_changes()
    directory = TenantDirectory.open(watch.engine, folder=folder)
    settings = watch.standins.settings(home=watch.folder, alert_email=OWNER)
    monitor = build_monitor(
        settings, engine=watch.engine, tenants=directory, followed=directory, environ=dict(watch.standins.environ)
    )
    monitor.look()
    assert "alerts" not in (folder / "noizylab.yaml").read_text(encoding="utf-8")
    with (folder / "noizylab.yaml").open("a", encoding="utf-8") as file:
        file.write("alerts: {email: [boss@noizylab.example]}\n")
    files.write_changes()
    monitor.look()
    [route] = build_routes(settings, directory)("noizylab")
    assert (route.target, route.tenant_id) == ("boss@noizylab.example", "noizylab")
