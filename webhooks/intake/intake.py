"""The hot path: verify a delivery, append it durably, answer. One ASGI endpoint for each tenant's source."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from frontdesk.connectors.bodies import bounded_id, one_reading
from frontdesk.connectors.masks import Masks
from frontdesk.connectors.source import Delivery, Reason, RefusedError, Reply, Request, Source, media_type_of
from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.envelope import Appended, NewEvent
from frontdesk.core.log.group_commit import GroupCommitter
from frontdesk.core.log.rejections import RejectionRecorder, describe_rejection
from frontdesk.core.serving.problems import problem_body
from webhooks.health.metrics import Tally
from webhooks.intake.rate_limit import TokenBucket
from webhooks.logs import log_event_log_unavailable, log_refused_delivery, log_unexpected_error
from webhooks.problems import PROBLEM_JSON

#: When to send again after an answer that says the log can't be written.
RETRY_AFTER_UNAVAILABLE_S = 10
_MAX_LENGTH_DIGITS = 18
#: No provider is older, and no clock further ahead.
_EARLIEST, _CLOCKS_APART = datetime(1973, 1, 1, tzinfo=UTC), timedelta(days=1)
_PROTECTING = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
#: Refusals that are not the sender's doing, or that would only repeat themselves, are counted but not kept.
_NOT_KEPT = frozenset({Reason.LOG_UNAVAILABLE, Reason.INTERNAL_ERROR})


class IntakeServices(NamedTuple):
    """What every intake of a receiver shares."""

    committer: GroupCommitter
    clock: Clock
    rejections: RejectionRecorder
    max_body_bytes: int
    rate_limit_per_minute: int


class ClientGoneError(Exception):
    """The sender hung up before its request was complete: there is nobody to answer."""


class Intake:
    """Takes the deliveries of one tenant's source.

    It reads the ASGI messages itself: a framework's request, router and middleware would cost more than all that is
    done here.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        source: Source,
        services: IntakeServices,
        masks: Masks,
        before: Intake | None = None,
    ) -> None:
        """before: whose place it takes; what was counted there counts on."""
        self.tally: Tally = before.tally if before else Tally(tenant_id=tenant_id, source=source.name)
        self._tenant_id = tenant_id
        self._source = source
        self._services = services
        self._masks = masks
        per_minute = services.rate_limit_per_minute
        self._bucket: TokenBucket = before._bucket if before else TokenBucket(per_minute=per_minute)
        # Refusals have a bucket of their own: forgeries must not use up what the provider is allowed.
        self._refusals_bucket: TokenBucket = before._refusals_bucket if before else TokenBucket(per_minute=per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        received_at = self._services.clock.now()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body = b""
        try:
            self._check_head(scope["method"], headers)
            body = await read_body(receive, limit=self._services.max_body_bytes)
            request = Request(
                method=scope["method"],
                path=scope["raw_path"].decode("latin-1"),
                query_string=scope["query_string"],
                headers=headers,
                body=body,
                received_at=received_at,
            )
            delivery = self._source.receive(request)
            self._check_rate(received_at)
            event = self._to_event(delivery, request)
            appended = await self._services.committer.append(event, patience_s=self._source.patience_s)
        except ClientGoneError:
            return
        except RefusedError as refusal:
            outcome, reply = self._refuse(refusal, body=body, received_at=received_at)
        except EventLogUnavailableError as error:
            outcome, reply = self._refuse(self._unavailable(error), body=body, received_at=received_at)
        except Exception as error:  # noqa: BLE001 - a mistake of ours is answered so that the provider sends again
            log_unexpected_error(error)
            outcome, reply = self._refuse(self._mistaken(), body=body, received_at=received_at)
        else:
            outcome = "accepted" if appended.is_new else "duplicate"
            reply = delivery.reply or Reply(200, b"application/json", accepted_body(appended))
        await send_reply(send, reply)
        self.tally.observe(outcome, seconds=time.perf_counter() - started)

    def _check_head(self, method: str, headers: Mapping[bytes, bytes]) -> None:
        source = self._source
        if method not in source.methods:
            allowed = ", ".join(sorted(source.methods))
            raise RefusedError(Reason.METHOD_NOT_ALLOWED, f"{source.name} delivers by {allowed}")
        if _declares_more_than(self._services.max_body_bytes, headers):
            raise too_large(self._services.max_body_bytes)
        if method == "POST" and source.media_types is not None and b"content-type" in headers:
            media_type = media_type_of(headers)
            if media_type not in source.media_types:
                raise RefusedError(Reason.UNSUPPORTED_CONTENT_TYPE, f"send one of: {', '.join(source.media_types)}")

    def _check_rate(self, received_at: datetime) -> None:
        wait_s = self._bucket.take(received_at)
        if wait_s:
            raise self._rate_limited(wait_s)

    def _to_event(self, delivery: Delivery, request: Request) -> NewEvent:
        kept = self._source.kept_headers
        hide = self._masks.hide
        read = one_reading(delivery.payload, delivery.parsed)
        body = hide(request.body)
        payload = body if read is request.body else hide(read)
        if delivery.secrets:
            own = Masks.of(delivery.secrets)
            body, payload = own.hide(body), own.hide(payload)
        headers = request.headers
        media_types = self._source.media_types or ("application/octet-stream",)
        return NewEvent(
            tenant_id=self._tenant_id,
            source=self._source.name,
            source_event_id=bounded_id(delivery.source_event_id),
            type=delivery.type,
            subject_id=bounded_id(delivery.subject_id) if delivery.subject_id else None,
            occurred_at=_time_of(delivery, request.received_at),
            received_at=request.received_at,
            content_type=headers.get(b"content-type", media_types[0].encode()).decode("latin-1"),
            headers={name.decode(): hide(headers[name]).decode("latin-1") for name in kept if name in headers},
            body=body,
            payload=payload,
        )

    def _refuse(self, refusal: RefusedError, *, body: bytes, received_at: datetime) -> tuple[str, Reply]:
        """Record the refusal; return its outcome and answer."""
        if refusal.reason not in _NOT_KEPT:
            wait_s = self._refusals_bucket.take(received_at)
            if wait_s:
                refusal = self._rate_limited(wait_s)
            else:
                self._record(refusal, body=body, received_at=received_at)
        log_refused_delivery(
            tenant_id=self._tenant_id,
            source=self._source.name,
            reason=refusal.reason,
            status=refusal.http_status,
            detail=refusal.detail,
            body_size=len(body),
        )
        return refusal.reason, refusal_reply(refusal, allow=self._source.methods)

    def _record(self, refusal: RefusedError, *, body: bytes, received_at: datetime) -> None:
        rejection = describe_rejection(
            tenant_id=self._tenant_id,
            source=self._source.name,
            reason=refusal.reason,
            detail=refusal.detail,
            received_at=received_at,
            body=self._masks.hide(body),
        )
        self._services.rejections.record(rejection)

    def _rate_limited(self, wait_s: float) -> RefusedError:
        return RefusedError(
            Reason.RATE_LIMITED,
            f"more than {self._services.rate_limit_per_minute} deliveries a minute; send again later",
            status=self._source.rate_limited_status,
            retry_after_s=math.ceil(wait_s),
        )

    def _unavailable(self, error: EventLogUnavailableError) -> RefusedError:
        log_event_log_unavailable(error.detail)
        return self._send_again(Reason.LOG_UNAVAILABLE, "the event log can't be written now; send again later")

    def _mistaken(self) -> RefusedError:
        return self._send_again(Reason.INTERNAL_ERROR, "an unexpected error; send again later")

    def _send_again(self, reason: Reason, detail: str) -> RefusedError:
        return RefusedError(
            reason, detail, status=self._source.unavailable_status, retry_after_s=RETRY_AFTER_UNAVAILABLE_S
        )


def _time_of(delivery: Delivery, received_at: datetime) -> datetime:
    """Return when a delivery's fact was: what the provider says, if that is a time.

    Zero is 1970 and no time, and nothing happens after it is told: a STOP so dated would be outranked for ever, or
    outrank whatever follows it.
    """
    occurred_at = delivery.occurred_at
    return occurred_at if occurred_at and _EARLIEST <= occurred_at <= received_at + _CLOCKS_APART else received_at


def _declares_more_than(limit: int, headers: Mapping[bytes, bytes]) -> bool:
    declared = headers.get(b"content-length", b"0")
    return declared.isdigit() and (len(declared) > _MAX_LENGTH_DIGITS or int(declared) > limit)


async def read_body(receive: Receive, *, limit: int) -> bytes:
    """Return the whole body of a request. Raises RefusedError beyond the limit, ClientGoneError at a hang-up."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        chunks = [body]
        size = len(body)
        while message.get("more_body") and size <= limit:
            message = await receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
        body = b"".join(chunks)
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > limit:
        raise too_large(limit)
    return body


def too_large(limit: int) -> RefusedError:
    """Return the refusal of a body beyond the limit in bytes."""
    return RefusedError(Reason.TOO_LARGE, f"the body is larger than {limit} bytes")


def accepted_body(appended: Appended) -> bytes:
    """Return the JSON that answers a delivery which is in the log."""
    status = b"accepted" if appended.is_new else b"duplicate"
    return b'{"status":"%b","event_id":"%b","sequence":%d}' % (status, appended.event_id.encode(), appended.sequence)


def refusal_reply(refusal: RefusedError, *, allow: frozenset[str]) -> Reply:
    """Return the problem that answers a refused delivery."""
    headers: list[tuple[bytes, bytes]] = []
    if refusal.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % refusal.retry_after_s))
    if refusal.reason is Reason.METHOD_NOT_ALLOWED:
        headers.append((b"allow", ", ".join(sorted(allow)).encode()))
    if refusal.http_status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Signature"))
    body = problem_body(
        status=refusal.http_status, title=refusal.title, detail=refusal.detail, reason=refusal.reason.value
    )
    return Reply(refusal.http_status, PROBLEM_JSON.encode(), body, tuple(headers))


async def send_reply(send: Send, reply: Reply) -> None:
    """Send an answer."""
    headers = [
        (b"content-type", reply.content_type),
        (b"content-length", b"%d" % len(reply.body)),
        *_PROTECTING,
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
