"""Rejected deliveries: kept apart from the log, redacted, capped, and written off the hot path."""

from __future__ import annotations

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from queue import Empty, Full, Queue
from typing import Any
from urllib.parse import parse_qsl

import orjson
from sqlalchemy import Connection, Engine, Insert, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.log.schema import rejected_deliveries, rejection_counts, utc_date

#: Newest rejected deliveries kept for each tenant and source; counts per day are kept for ever.
KEPT_PER_SOURCE = 200
#: What waits to be written; a flood beyond it is dropped and counted, and never slows the receiver.
QUEUE_CAPACITY = 512
#: Commits are at least this far apart, so that a flood of forgeries can't take the log's write lock for itself.
MIN_COMMIT_INTERVAL_S = 0.25
#: Larger bodies are not parsed for their keys.
MAX_REDACTED_BODY_BYTES = 16_384
MAX_REDACTED_LENGTH = 2_000

_MAX_NESTING = 6
_MAX_ITEMS = 40
_MAX_FORM_FIELDS = 200
#: A key that could be somebody's name, number or address is masked like a value.
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,47}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One refused delivery, as it may be kept: no header, no secret, no value of the body."""

    tenant_id: str
    source: str
    reason: str  #: a fixed word, such as "signature_invalid"
    detail: str  #: a fixed text that says what to do
    received_at: datetime  #: aware, UTC
    body_size: int  #: bytes that were read
    body_sha256: str  #: of those, in lower-case hex
    body_head: bytes  #: the body, or nothing where it is too large to be redacted; never stored as it is


def describe_rejection(
    *, tenant_id: str, source: str, reason: str, detail: str, received_at: datetime, body: bytes
) -> Rejection:
    """Return the rejection of a body."""
    return Rejection(
        tenant_id=tenant_id,
        source=source,
        reason=reason,
        detail=detail,
        received_at=received_at,
        body_size=len(body),
        body_sha256=sha256(body).hexdigest(),
        body_head=body if len(body) <= MAX_REDACTED_BODY_BYTES else b"",
    )


class RejectionRecorder:
    """Writes rejections from a bounded queue in a thread of its own."""

    def __init__(
        self, engine: Engine, *, kept_per_source: int = KEPT_PER_SOURCE, capacity: int = QUEUE_CAPACITY
    ) -> None:
        self._engine = engine
        self._kept_per_source = kept_per_source
        self._upsert_count = _count_up(engine.dialect.name)
        self._queue: Queue[Rejection] = Queue(capacity)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        #: Rejections that found the queue full or the database closed.
        self.count_dropped = 0

    @property
    def count_waiting(self) -> int:
        """Return how many rejections wait to be written."""
        return self._queue.qsize()

    def start(self) -> None:
        """Start writing."""
        self._thread = threading.Thread(target=self._run, name="rejection-recorder", daemon=True)
        self._thread.start()

    def record(self, rejection: Rejection) -> None:
        """Hand over a rejection; never waits."""
        try:
            self._queue.put_nowait(rejection)
        except Full:
            self.count_dropped += 1

    def close(self) -> None:
        """Write what is waiting and end the thread."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(MIN_COMMIT_INTERVAL_S):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        batch: list[Rejection] = []
        try:
            while True:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        if not batch:
            return
        try:
            with self._engine.begin() as connection:
                self._write(connection, batch)
        except SQLAlchemyError:
            self.count_dropped += len(batch)

    def _write(self, connection: Connection, batch: Sequence[Rejection]) -> None:
        by_source: defaultdict[tuple[str, str], list[Rejection]] = defaultdict(list)
        for rejection in batch:
            by_source[rejection.tenant_id, rejection.source].append(rejection)
        for (tenant_id, source), rejections in by_source.items():
            newest = rejections[-self._kept_per_source :]
            connection.execute(insert(rejected_deliveries), [_to_row(rejection) for rejection in newest])
            self._delete_oldest(connection, tenant_id=tenant_id, source=source)
        connection.execute(self._upsert_count, _count_rows(batch))

    def _delete_oldest(self, connection: Connection, *, tenant_id: str, source: str) -> None:
        table = rejected_deliveries.c
        of_source = (table.tenant_id == tenant_id) & (table.source == source)
        newest_beyond_cap = (
            select(table.rejection_id)
            .where(of_source)
            .order_by(table.rejection_id.desc())
            .limit(1)
            .offset(self._kept_per_source)
            .scalar_subquery()
        )
        connection.execute(delete(rejected_deliveries).where(of_source & (table.rejection_id <= newest_beyond_cap)))


def redact(body: bytes) -> str:
    """Return the body's structure with its keys and the kinds of its values, at most MAX_REDACTED_LENGTH characters.

    >>> redact(b'{"id":"evt_1","amount":5,"tags":[]}')
    '{"id":"<text 5>","amount":"<number>","tags":[]}'
    """
    if not body:
        return ""
    try:
        masked = _mask(orjson.loads(body), nesting=0)
    except orjson.JSONDecodeError:
        masked = _mask_form(body)
    return orjson.dumps(masked).decode()[:MAX_REDACTED_LENGTH]


def _mask(value: Any, *, nesting: int) -> Any:
    if isinstance(value, dict | list) and nesting >= _MAX_NESTING:
        return "<nested deeper>"
    match value:
        case dict():
            items = list(value.items())[:_MAX_ITEMS]
            return {_mask_key(key): _mask(child, nesting=nesting + 1) for key, child in items}
        case list():  # its items are much alike
            return [_mask(child, nesting=nesting + 1) for child in value[:1]]
        case str():
            return f"<text {len(value)}>"
        case bool() | None:
            return value
        case _:
            return "<number>"


def _mask_key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else f"<key {len(key)}>"


def _mask_form(body: bytes) -> Any:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=_MAX_FORM_FIELDS
        )
    except ValueError:
        return f"<neither JSON nor a form: {len(body)} bytes>"
    return {_mask_key(key): f"<text {len(value)}>" for key, value in pairs[:_MAX_ITEMS]}


def _to_row(rejection: Rejection) -> dict[str, Any]:
    is_too_large = rejection.body_size > len(rejection.body_head)
    return {
        "tenant_id": rejection.tenant_id,
        "source": rejection.source,
        "reason": rejection.reason,
        "detail": rejection.detail,
        "received_at": rejection.received_at,
        "body_size": rejection.body_size,
        "body_sha256": rejection.body_sha256,
        "body_redacted": "<too large to be shown>" if is_too_large else redact(rejection.body_head),
    }


def _count_rows(batch: Sequence[Rejection]) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str, str, date]] = Counter()
    newest: dict[tuple[str, str, str, date], datetime] = {}
    for rejection in batch:
        key = (rejection.tenant_id, rejection.source, rejection.reason, utc_date(rejection.received_at))
        counts[key] += 1
        newest[key] = max(newest.get(key, rejection.received_at), rejection.received_at)
    return [
        {
            "tenant_id": tenant_id,
            "source": source,
            "reason": reason,
            "rejected_date": rejected_date,
            "count_rejections": count,
            "last_rejected_at": newest[tenant_id, source, reason, rejected_date],
        }
        for (tenant_id, source, reason, rejected_date), count in counts.items()
    ]


def _count_up(dialect_name: str) -> Insert:
    dialect_insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect_name]
    statement = dialect_insert(rejection_counts)
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=["tenant_id", "source", "reason", "rejected_date"],
        set_={
            "count_rejections": rejection_counts.c.count_rejections + statement.excluded.count_rejections,
            "last_rejected_at": _later(
                dialect_name, rejection_counts.c.last_rejected_at, statement.excluded.last_rejected_at
            ),
        },
    )
    return upsert


def _later(dialect_name: str, *instants: Any) -> Any:
    # SQLite's max of several values is PostgreSQL's greatest; its text form of instants sorts like them.
    return func.max(*instants) if dialect_name == "sqlite" else func.greatest(*instants)
