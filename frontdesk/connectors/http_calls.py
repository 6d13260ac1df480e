"""HTTP calls of which it matters whether they were sent: each error is told as surely not sent, or as unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx

from frontdesk.connectors.answers import Refused, Unknown
from frontdesk.core.serving.hosts import LOOPBACK_NAMES, host_of

#: Longest wait for a connection, and for each part of an answer; their sum is far below CALL_LEASE of the worker.
_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
#: Answers of a gateway or a server that broke while it worked: what is behind it may have taken the request.
_UNKNOWN_STATUSES = frozenset({500, 502, 504})
_LONGEST_TOLD = 200

#: Raised before any byte of the request was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


def open_client(base_url: str, *, timeout: httpx.Timeout = _TIMEOUT) -> httpx.Client:
    """Return a client for one provider. What is on this machine is never reached through a proxy."""
    return httpx.Client(
        base_url=base_url.rstrip("/"),
        timeout=timeout,
        trust_env=not is_this_machine(host_of(base_url)),
        follow_redirects=False,
    )


def is_this_machine(host: str | None) -> bool:
    """Tell whether a host name is this machine's own."""
    return host in LOOPBACK_NAMES


def call(send: Callable[[], httpx.Response]) -> httpx.Response | Refused | Unknown:
    """Send a request; return its answer, or what its failure means."""
    try:
        response = send()
    except _NOT_SENT as error:
        return Refused(reason=f"no connection: {describe_error(error)}")
    except httpx.RequestError as error:
        return Unknown(f"no answer: {describe_error(error)}")
    if response.status_code in _UNKNOWN_STATUSES:
        return Unknown(f"answered {response.status_code}: {response.text[:_LONGEST_TOLD]}")
    return response


def describe_error(error: Exception) -> str:
    """Return an error in words: some have none of their own."""
    return f"{type(error).__name__} {error}".rstrip()[:_LONGEST_TOLD]
