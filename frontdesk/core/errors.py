"""The errors Frontdesk expects; each says what is wrong and what to do, and carries its HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class FrontdeskError(Exception):
    """An expected failure: shown as problem+json or as one line on the terminal, never as a traceback."""

    http_status = 500
    title = "Internal error"

    def __init__(self, detail: str, **members: object) -> None:
        """`members`: what a program needs of it besides; JSON's values, put into the problem."""
        super().__init__(detail)
        self.detail = detail
        self.members: Mapping[str, object] = members


class ConfigurationError(FrontdeskError):
    """A tenant file, setting or secret is wrong; the detail names the file, the key and the remedy."""

    title = "Wrong configuration"


class UnavailableError(FrontdeskError):
    """What holds the data can't be written or read now; the same can succeed later."""

    http_status = 503
    title = "Not available"


class EventLogUnavailableError(UnavailableError):
    """The event log can't be written or read now: full disk, read-only file, database down."""

    title = "Event log not writable"


class ImportFileError(FrontdeskError):
    """An import file or its mapping can't be used at all; single bad rows are reported, not raised."""

    http_status = 400
    title = "Unusable import"


def validation_message(problem: Mapping[str, Any]) -> str:
    """Return what one of a ValidationError's errors says, without pydantic's own word before what we raised."""
    return str(problem["msg"]).removeprefix("Value error, ")


def located_message(problem: Mapping[str, Any]) -> str:
    """Return `key: what is wrong` of one of a ValidationError's errors; without a key if it is of the whole."""
    key = ".".join(str(part) for part in problem["loc"])
    message = validation_message(problem)
    return f"{key}: {message}" if key else message
