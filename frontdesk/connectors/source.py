"""What every source shares: the request it is given, the delivery it returns, the refusal it raises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple, Self

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.secrets import Secrets


class Reason(StrEnum):
    """Why a delivery was refused; kept with the rejected delivery and shown to staff."""

    UNKNOWN_TENANT = "unknown_tenant"
    WRONG_ADDRESS = "wrong_address"
    NOT_CONFIGURED = "not_configured"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_INVALID = "signature_invalid"
    OUTSIDE_TIME_WINDOW = "outside_time_window"
    WRONG_ACCOUNT = "wrong_account"
    MALFORMED = "malformed"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    UNSUPPORTED_CONTENT_TYPE = "unsupported_content_type"
    RATE_LIMITED = "rate_limited"
    SET_ASIDE = "set_aside"
    LOG_UNAVAILABLE = "log_unavailable"
    INTERNAL_ERROR = "internal_error"


_STATUS_OF: Mapping[Reason, HTTPStatus] = {
    Reason.UNKNOWN_TENANT: HTTPStatus.NOT_FOUND,
    Reason.WRONG_ADDRESS: HTTPStatus.NOT_FOUND,
    Reason.NOT_CONFIGURED: HTTPStatus.NOT_FOUND,
    Reason.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    Reason.SIGNATURE_MISSING: HTTPStatus.UNAUTHORIZED,
    Reason.SIGNATURE_INVALID: HTTPStatus.UNAUTHORIZED,
    Reason.OUTSIDE_TIME_WINDOW: HTTPStatus.UNAUTHORIZED,
    Reason.WRONG_ACCOUNT: HTTPStatus.UNAUTHORIZED,
    Reason.MALFORMED: HTTPStatus.BAD_REQUEST,
    Reason.TOO_DEEP: HTTPStatus.BAD_REQUEST,
    Reason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Reason.UNSUPPORTED_CONTENT_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Reason.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.SET_ASIDE: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.LOG_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.INTERNAL_ERROR: HTTPStatus.SERVICE_UNAVAILABLE,
}


def plain_path(path: str) -> str:
    """Return the path as it was meant, if it was pasted with doubled slashes or one at its end.

    >>> plain_path("//webhooks/salon//twilio/")
    '/webhooks/salon/twilio'
    """
    return "/" + "/".join(part for part in path.split("/") if part)


class RefusedError(FrontdeskError):
    """A delivery that is not taken. The detail is a fixed text: it never repeats what was sent."""

    title = "Delivery refused"

    def __init__(
        self, reason: Reason, detail: str, *, status: int | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.http_status = status or _STATUS_OF[reason]
        self.retry_after_s = retry_after_s


def media_type_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the content type in lower case without parameters; empty if none was sent."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")


class Request(NamedTuple):
    """One HTTP request as it came in. Header names are lower case; of a repeated header the last counts."""

    method: str
    path: str  #: as sent, still percent-encoded
    query_string: bytes  #: as sent, without the question mark
    headers: Mapping[bytes, bytes]
    body: bytes
    received_at: datetime  #: aware, UTC

    @property
    def media_type(self) -> str:
        """Content type in lower case without parameters; empty if none was sent."""
        return media_type_of(self.headers)


class Reply(NamedTuple):
    """An HTTP answer, ready to send."""

    status: int
    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Delivery(NamedTuple):
    """What a source made of a verified request: the envelope's fields that only it knows."""

    source_event_id: str
    type: str
    payload: bytes  #: UTF-8 JSON
    subject_id: str | None = None
    occurred_at: datetime | None = None  #: None where the provider gives no time: then it is when it came in
    reply: Reply | None = None  #: None: the usual JSON answer
    secrets: tuple[str, ...] = ()  #: what else came with it that is not to be stored
    parsed: Any = None  #: what a source parsed payload to, if it did: parsing 1.5 KB again takes 3 us


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfiguration:
    """What a tenant's source is set up with."""

    tenant_id: str
    secrets: Secrets
    settings: Mapping[str, str]  #: public ids from the tenant's file, such as an account id
    public_url: str  #: the address providers see, without a slash at the end

    def secret_values(self, name: str) -> tuple[str, ...]:
        """Return all live values of a secret, none if it is not set."""
        return self.secrets.values(self.tenant_id, name)

    def secret_keys(self, name: str) -> tuple[bytes, ...]:
        """Return all live values of a secret as UTF-8."""
        return tuple(value.encode() for value in self.secret_values(name))


class Source(ABC):
    """A provider as one tenant uses it: checks that a request is genuine and puts it into an envelope.

    It never parses for meaning: types it does not know are kept like any other.
    """

    #: URL segment, and the envelope's `source`.
    name: ClassVar[str]
    #: Secrets that let a delivery in; one of them must be set. Tenants' files name them.
    secret_names: ClassVar[tuple[str, ...]]
    methods: ClassVar[frozenset[str]] = frozenset({"POST"})
    #: Content types it can read; None: it has no body to read. A request that names none is read as the first.
    media_types: ClassVar[tuple[str, ...] | None] = ("application/json",)
    #: Request headers kept in the envelope. Never one that holds a shared secret.
    kept_headers: ClassVar[tuple[bytes, ...]] = (b"user-agent",)
    #: The answers on which this provider sends again later.
    unavailable_status: ClassVar[int] = HTTPStatus.SERVICE_UNAVAILABLE
    rate_limited_status: ClassVar[int] = HTTPStatus.TOO_MANY_REQUESTS
    #: How long the log may take before that answer is given: less than the provider waits for any answer. Most don't
    #: say how long that is.
    patience_s: ClassVar[float] = 4.0

    @classmethod
    @abstractmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source, None if no secret is set: no secret, no entry.

        Raises ConfigurationError if a key can't be read.
        """

    @abstractmethod
    def receive(self, request: Request) -> Delivery:
        """Check that the request is genuine; return its envelope. Raises RefusedError."""
