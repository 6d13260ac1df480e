"""The envelope every fact travels in: what is appended to the log and what is read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

ENVELOPE_SCHEMA_VERSION = 1
#: Headers of an imported event: the run that wrote it, the file, and the line of the file.
RUN_HEADER, FILE_HEADER, LINE_HEADER = "import-run", "import-file", "import-line"
#: The id that its source gives an event whose name in the log is another, or looks so (names.py).
NAME_HEADER = "import-name"


class Origin(StrEnum):
    """How an event reached the log."""

    WEBHOOK = "webhook"  #: a provider's verified delivery
    IMPORT = "import"  #: history brought in by its owner
    COMMAND = "command"  #: a person or system asked for it through /v1
    POLL = "poll"  #: found by reconciliation with the provider's list API


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that is not in the log yet. All times are aware UTC datetimes."""

    tenant_id: str  #: slug, such as "noizylab"
    source: str  #: "stripe", "google-calendar", "frontdesk", or the name of an imported system
    source_event_id: str  #: the source's own id; unique with tenant_id and source
    type: str  #: dotted; provider deliveries are "<source>.<the provider's name>"
    occurred_at: datetime  #: when the source says it happened
    received_at: datetime  #: when it reached us
    body: bytes  #: the raw bytes as received
    payload: bytes  #: the body as UTF-8 JSON; equal to body where the provider sends JSON
    subject_id: str | None = None  #: the source's id of what it is about, such as "pi_123"
    correlation_id: str | None = None
    causation_id: str | None = None  #: event_id or command_key of what caused it
    schema_version: int = ENVELOPE_SCHEMA_VERSION
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)  #: allow-listed by the source; never a secret
    origin: Origin = Origin.WEBHOOK


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(NewEvent):
    """An event as the log keeps it."""

    sequence: int  #: position in the log; ascending in commit order
    event_id: str  #: UUIDv7 given at the append


class Appended(NamedTuple):
    """What the log answers to an append."""

    event_id: str
    sequence: int
    is_new: bool  #: False: (tenant_id, source, source_event_id) was there already; ids are the first one's
