"""What requests of /v1 have in common: the header that makes repeating safe, and events that people ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from frontdesk.core.ids import keyed_id
from frontdesk.core.log.envelope import Appended
from frontdesk.core.log.own_events import own_event
from frontdesk.core.plain_text import Text
from webhooks.callers import Caller
from webhooks.runtime import Runtime

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Repeating a request with the same key does it once; another request needs another key.",
    ),
]
#: A text in a path or query: PostgreSQL's texts hold no NUL.
NO_NUL = r"^[^\x00]+$"
#: A text that goes into a column as it is.
StoredText = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=NO_NUL)]


class SignedBody(BaseModel):
    """A body that may say in whose name a program asks. An unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")

    by: Text | None = Field(default=None, description="Who does this; of a signed-in person always themselves.")


def request_id(runtime: Runtime, *, tenant_id: str, operation: str, idempotency_key: str | None) -> str:
    """Return the id of what is asked for: the same for the same idempotency key, else a new one."""
    if idempotency_key is None:
        return runtime.ids.new_event_id()
    return keyed_id(tenant_id, operation, idempotency_key)


async def append_request(
    runtime: Runtime,
    *,
    tenant_id: str,
    type_: str,
    id_: str,
    payload: dict[str, Any],
    subject_id: str,
    occurred_at: datetime | None = None,
) -> Appended:
    """Append what a person asks for as an event of ours.

    Raises HTTPException with 422 if the id came with another request's content before.
    """
    now = runtime.clock.now()
    content = orjson.dumps(payload)
    event = own_event(
        type_,
        content,
        tenant_id=tenant_id,
        source_event_id=f"{type_}:{id_}",
        subject_id=subject_id,
        now=now,
        occurred_at=occurred_at,
    )
    appended = await runtime.committer.append(event)
    if not appended.is_new:
        known = await asyncio.to_thread(runtime.log.read_at, [appended.sequence])
        if known[appended.sequence].payload != content:
            raise unprocessable("this Idempotency-Key came with another request before; give each request its own")
    return appended


def given_fields(body: BaseModel) -> dict[str, Any]:
    """Return what a body says, as an event's payload has it."""
    return body.model_dump(mode="json", exclude_none=True)


def signature(caller: Caller, *, key: str) -> dict[str, str]:
    """Return who asks, of a signed-in person; a program's body says so itself, or nothing."""
    return {} if caller.account is None else {key: caller.name}


def one_of(names: Iterable[str]) -> str:
    """Return the names from which a request can choose."""
    return f"one of {', '.join(sorted(names))}"


def unprocessable(detail: str) -> HTTPException:
    """Return the answer to a request that can't be done for what it says."""
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
