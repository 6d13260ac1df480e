"""When somebody is to be alerted: what is wrong by what was measured, in a pure function for each kind."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from frontdesk.core.log.set_aside import Aside
from frontdesk.domains.operations.heartbeats import Heartbeat, LiveState, Run, RunKind, RunOutcome
from frontdesk.domains.sending.dispatch.tenant_senders import CAN_NOT_BE_CALLED
from frontdesk.domains.sending.outbox.commands import Lane, Overdue


class Kind(StrEnum):
    """Kinds of conditions; each is judged as a whole, so that what is not seen any more is well."""

    DATABASE = "database"
    DISK = "disk"
    LIVE_PATH = "live_path"
    BUILD = "build"
    VERIFICATION = "verification"
    PROCESS = "process"
    PROVIDER = "provider"
    QUEUE = "queue"
    SOURCE = "source"
    SET_ASIDE = "set_aside"
    SECRETS = "secrets"
    PUBLISHED = "published"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is wrong now."""

    kind: Kind
    subject: str  #: which one of its kind, such as a source; empty if there is only one
    title: str
    detail: str
    remedy: str
    tenant_id: str | None = None  #: None: it is the whole system's
    lasts_for: timedelta = timedelta(minutes=1)  #: before anybody is told

    @property
    def key(self) -> str:
        """The same for the same thing, however often it is seen."""
        return "/".join([self.kind, self.tenant_id or "", self.subject])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far the models are behind the log."""

    count_events: int
    seconds: float  #: age of the oldest event that is not modelled; 0 if there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRecord:
    """How the newest calls of one provider of a tenant ended."""

    lane: Lane
    count_failures: int  #: in a row, up to the newest
    last_detail: str
    last_at: datetime
    is_closed: bool = False  #: nothing goes out by it but a try now and then


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What the published file tells of a source."""

    tenant_id: str
    source: str
    is_silent: bool
    silent_seconds: int | None
    usual_gap_seconds: int | None
    last_event_at: datetime | None


#: The live path beats every few seconds; Dagster needs up to a second from one evaluation to the next.
_SILENT_AFTER: Final = timedelta(minutes=2)
#: Opening builds the warehouse where it has to; Dagster ends the evaluation after 25 minutes.
_OPENING_LASTS: Final = timedelta(minutes=30)
LAGS_AFTER: Final = timedelta(minutes=5)
_NIGHTLY_AFTER: Final = timedelta(hours=50)
_FAILURES: Final = 5
_REFUSALS: Final = 3
_FAILURE_LASTS: Final = timedelta(hours=24)
_DRAINS_WITHIN: Final = timedelta(minutes=10)
#: How providers say that they don't know us: HTTP's and SMTP's codes, Twilio's own, and words.
_CREDENTIALS = re.compile(
    r"\b(401|403|535|20003)\b|authenticat|unauthori[sz]ed|forbidden|credential|no token", re.IGNORECASE
)
_MIB = 1024 * 1024


def check_database(problem: str | None) -> Iterator[Condition]:
    """Check whether the log can be written; `problem` is why not."""
    if problem is not None:
        yield Condition(
            kind=Kind.DATABASE,
            subject="",
            title="The event log can't be written",
            detail=f"{problem[:1].upper()}{problem[1:]}. Deliveries are answered so that providers send them again.",
            remedy="Check that the database runs, that its disk has room, and that its file is the right one.",
            lasts_for=timedelta(seconds=20),
        )


def check_disk(*, free_bytes: int, least_bytes: int) -> Iterator[Condition]:
    """Check whether there is room in the home."""
    if free_bytes < least_bytes:
        yield Condition(
            kind=Kind.DISK,
            subject="",
            title="The disk is nearly full",
            detail=f"{free_bytes // _MIB:,} MiB are free, less than {least_bytes // _MIB:,}.",
            remedy="Make room: once it is full, no delivery can be taken.",
        )


def check_live_path(beat: Heartbeat | None, lag: Lag, *, now: datetime) -> Iterator[Condition]:
    """Check whether events are modelled as they come. The first that is wrong is told: the others follow from it."""
    if (reason := why_stopped(beat, now=now)) is not None:
        yield _live_path("The live path has stopped", f"{reason}. {_describe(lag)}")
    elif beat is not None and beat.error and (beat.state == LiveState.FAILING or lag.seconds > 0):
        yield _live_path("The live path fails", f"{beat.error}. {_describe(lag)}")
    elif lag.seconds > LAGS_AFTER.total_seconds() and not _is_building(beat):
        yield _live_path("The models fall behind the log", _describe(lag))


def why_stopped(beat: Heartbeat | None, *, now: datetime) -> str | None:
    """Return why the live path counts as stopped, None if it lives, ended as asked, or never ran here."""
    if beat is None or beat.state == LiveState.ENDED:
        return None
    silent_for = now - beat.beat_at
    limit = _OPENING_LASTS if beat.state == LiveState.OPENING else _SILENT_AFTER
    return f"No sign of life since {beat.beat_at:%H:%M:%S} UTC ({beat.state})" if silent_for > limit else None


def _is_building(beat: Heartbeat | None) -> bool:
    return beat is not None and beat.state in (LiveState.OPENING, LiveState.WAITING)


def _live_path(title: str, detail: str) -> Condition:
    return Condition(
        kind=Kind.LIVE_PATH,
        subject="",
        title=title,
        detail=detail,
        remedy="See logs/dagster-code.log in the home; a new start brings back a sensor that was stopped.",
    )


def _describe(lag: Lag) -> str:
    if not lag.count_events:
        return "Every event is modelled"
    return f"{lag.count_events:,} events wait, the oldest for {lag.seconds:,.0f} s"


def check_runs(runs: Mapping[RunKind, Run], *, now: datetime) -> Iterator[Condition]:
    """Check the nightly build and verification."""
    titles = {
        (RunKind.BUILD, RunOutcome.FAILED): "The nightly build failed",
        (RunKind.VERIFICATION, RunOutcome.FAILED): "The nightly verification failed",
        (RunKind.VERIFICATION, RunOutcome.DIFFERENT): "The models are not what a rebuild gives",
    }
    for kind, run in runs.items():
        title = titles.get((kind, run.outcome))
        if title is None and run.ended_at is not None and now - run.ended_at > _NIGHTLY_AFTER:
            title = f"No nightly {kind} since {run.ended_at:%Y-%m-%d}"
        if title is not None:
            yield Condition(
                kind=Kind(kind.value),
                subject="",
                title=title,
                detail=run.detail or f"The last one ended {run.ended_at:%Y-%m-%d %H:%M} UTC",
                remedy="See the run in Dagster; `frontdesk rebuild --verify` shows the rows.",
                lasts_for=timedelta(0),
            )


def check_process(name: str, problem: str | None) -> Iterator[Condition]:
    """Check one of our processes that answers at an address; `problem` is why it does not."""
    if problem is not None:
        yield Condition(
            kind=Kind.PROCESS,
            subject=name,
            title=f"The {name} does not answer",
            detail=problem,
            remedy=f"See logs/{name}.log in the home.",
        )


def check_lanes(records: Sequence[LaneRecord], overdue: Sequence[Overdue], *, now: datetime) -> Iterator[Condition]:
    """Check providers that refuse us or are down, then queues that nobody empties."""
    waiting = {Lane(each.tenant_id, each.provider) for each in overdue if not each.is_held}
    wrong: set[Lane] = set()
    for each in overdue:
        lane = Lane(each.tenant_id, each.provider)
        if lane not in wrong and not each.is_held and CAN_NOT_BE_CALLED in (each.reason or ""):
            wrong.add(lane)
            yield _provider(lane, "is not configured", f"{each.count} wait. {each.reason}")
    for record in records:
        if record.lane in wrong or not matters_still(record.lane, record.last_at, waiting=waiting, now=now):
            continue
        if (record.is_closed or record.count_failures >= _REFUSALS) and _CREDENTIALS.search(record.last_detail):
            wrong.add(record.lane)
            yield _provider(record.lane, "refuses the credentials", record.last_detail)
        elif record.is_closed or record.count_failures >= _FAILURES:
            wrong.add(record.lane)
            yield _provider(record.lane, "is down or refuses", record.last_detail)
    yield from _judge_queues(overdue, wrong=wrong, records=records, now=now)


def matters_still(lane: Lane, failed_at: datetime, *, waiting: Collection[Lane], now: datetime) -> bool:
    """Tell whether a provider's failure is of account: something waits for it, or it was not long ago."""
    return lane in waiting or now - failed_at < _FAILURE_LASTS


def _judge_queues(
    overdue: Sequence[Overdue], *, wrong: Collection[Lane], records: Sequence[LaneRecord], now: datetime
) -> Iterator[Condition]:
    called_at = {record.lane: record.last_at for record in records}
    for each in overdue:
        lane = Lane(each.tenant_id, each.provider)
        is_tried = lane in called_at and now - called_at[lane] < _DRAINS_WITHIN
        if not each.is_held and lane not in wrong and not is_tried and now - each.oldest_attempt_at > _DRAINS_WITHIN:
            yield Condition(
                kind=Kind.QUEUE,
                subject=f"{each.channel}/{each.provider}",
                tenant_id=each.tenant_id,
                title=f"Messages and tasks of {each.tenant_id} do not go out ({each.provider})",
                detail=f"{each.count} are due, the oldest since {each.oldest_due_at:%Y-%m-%d %H:%M} UTC, and nobody "
                "tries.",
                remedy="See whether the live path runs: it sends what is due.",
            )


def _provider(lane: Lane, trouble: str, detail: str) -> Condition:
    return Condition(
        kind=Kind.PROVIDER,
        subject=lane.provider,
        tenant_id=lane.tenant_id,
        title=f"{lane.provider} {trouble} ({lane.tenant_id})",
        detail=detail,
        remedy="What is due waits and is tried again. See the Outbox page, and the provider's own status.",
        lasts_for=timedelta(0),
    )


def check_sources(sources: Sequence[SourceRecord]) -> Iterator[Condition]:
    """Check sources that used to deliver and fell silent; one that never did waits for its first delivery."""
    for each in sources:
        if each.is_silent and each.last_event_at is not None:
            hours = (each.silent_seconds or 0) / 3_600
            yield Condition(
                kind=Kind.SOURCE,
                subject=each.source,
                tenant_id=each.tenant_id,
                title=f"{each.source} of {each.tenant_id} is silent",
                detail=f"Nothing for {hours:,.0f} h, since {each.last_event_at:%Y-%m-%d %H:%M} UTC; that is longer "
                "than its usual pauses.",
                remedy="See whether the provider's webhook still points here, and what its own log says.",
            )


def check_set_aside(asides: Sequence[Aside]) -> Iterator[Condition]:
    """Check what was set aside so that the rest could go on, by business."""
    by_tenant: dict[str, list[Aside]] = {}
    for each in asides:
        by_tenant.setdefault(each.tenant_id, []).append(each)
    for tenant_id, of_tenant in by_tenant.items():
        newest = max(of_tenant, key=lambda each: each.last_seen_at)
        yield Condition(
            kind=Kind.SET_ASIDE,
            subject="",
            tenant_id=tenant_id or None,
            title=f"Something of {tenant_id or 'the system'} was set aside",
            detail=f"{len(of_tenant)}; the newest is the {newest.kind} {newest.subject}, in {newest.step}: "
            f"{newest.reason}",
            remedy="See the Systems page. Everything else goes on without it.",
        )


def check_secrets(unreadable: Mapping[tuple[str, str], str]) -> Iterator[Condition]:
    """Check the stored secrets, by business."""
    by_tenant: dict[str, dict[str, str]] = {}
    for (tenant_id, name), reason in unreadable.items():
        by_tenant.setdefault(tenant_id, {})[name] = reason
    for tenant_id, reasons in by_tenant.items():
        yield Condition(
            kind=Kind.SECRETS,
            subject="",
            tenant_id=tenant_id,
            title=f"Stored secrets of {tenant_id} can't be read",
            detail=f"{', '.join(sorted(reasons))}: {next(iter(reasons.values()))}. Deliveries that they prove are "
            "answered so that providers send them again, and what is sent with them waits.",
            remedy="Start Frontdesk with the right FRONTDESK_MASTER_KEY; `frontdesk doctor` tells more.",
        )


def check_failed_checks(failures: Mapping[str, str]) -> Iterator[Condition]:
    """Check the judges: what of each part could not be judged, and why."""
    for name, reason in failures.items():
        yield Condition(
            kind=Kind.UNJUDGED,
            subject=name,
            title=f"The monitor can't judge {name.replace('_', ' ')}",
            detail=f"{reason}. What was wrong with it before counts as wrong still.",
            remedy="See logs/monitor.log in the home. Everything else is watched.",
            lasts_for=timedelta(minutes=3),
        )


def check_published(problem: str | None, *, behind: str | None = None) -> Iterator[Condition]:
    """Check whether readers have a published file that is up to date.

    `problem` is why they have none, `behind` what it lacks of the models: see why_behind.
    """
    if problem is not None:
        yield _published("The published file can't be read", problem)
    elif behind is not None:
        yield _published("The published file falls behind the models", behind)


def why_behind(beat: Heartbeat | None, lag: Lag) -> str | None:
    """Return what the published file lacks; None if it lacks nothing for long, or nobody publishes now.

    `lag` is the file's own, behind the log: if nothing happens it lacks nothing, however old it is.
    """
    if beat is None or beat.state == LiveState.ENDED or _is_building(beat):
        return None
    return _describe(lag) if lag.seconds > LAGS_AFTER.total_seconds() else None


def _published(title: str, detail: str) -> Condition:
    return Condition(
        kind=Kind.PUBLISHED,
        subject="",
        title=title,
        detail=detail,
        remedy="The live path publishes a new one within a minute; `frontdesk process --once` does so at once.",
        lasts_for=timedelta(minutes=3),
    )
