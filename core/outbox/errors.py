"""The errors of the outbox; each says what is wrong and what to do."""

from __future__ import annotations

from core.errors import FrontdeskError


class OutboxUnavailableError(FrontdeskError):
    """The outbox can't be written or read now: full disk, read-only file, database down."""

    http_status = 503
    title = "Outbox not writable"


class CommandKeyClashError(FrontdeskError):
    """A command's key is known, but of another tenant; the model that made the key must put the tenant into it."""

    http_status = 409
    title = "Command key of another tenant"
