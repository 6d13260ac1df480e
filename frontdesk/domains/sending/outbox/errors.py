"""The errors of the outbox; each says what is wrong and what to do."""

from __future__ import annotations

from frontdesk.core.errors import FrontdeskError, UnavailableError


class OutboxUnavailableError(UnavailableError):
    """The outbox can't be written or read now: full disk, read-only file, database down."""

    title = "Outbox not writable"


class CommandKeyClashError(FrontdeskError):
    """A command's key is known, but of another tenant; the model that made the key must put the tenant into it."""

    http_status = 409
    title = "Command key of another tenant"


class CommandNotFoundError(FrontdeskError):
    """No command has this key."""

    http_status = 404
    title = "No such command"


class CommandStateError(FrontdeskError):
    """What is asked for can't be done to what is in this state."""

    http_status = 409
    title = "Not possible now"


class OutboxScopeError(FrontdeskError):
    """It is not clear, or not known, which commands are meant."""

    http_status = 422
    title = "Which commands"
