"""What can't be answered, and what to ask instead."""

from __future__ import annotations

from pathlib import Path

from frontdesk.core.errors import FrontdeskError


class NothingPublishedError(FrontdeskError):
    """There is no published file, or one of another version."""

    http_status = 503
    title = "No published data"

    @classmethod
    def at(cls, path: Path) -> NothingPublishedError:
        """Return the error of a home where nothing was published yet, or that is not the home that was meant."""
        return cls(
            f"{path}: nothing is published yet; run `frontdesk process --once`, "
            "or set FRONTDESK_HOME to the home you mean"
        )


class UnknownCommandError(FrontdeskError):
    """Neither the decisions nor the outbox have a command of this key."""

    http_status = 404
    title = "No such command"


class UnknownRuleError(FrontdeskError):
    """The business has no such rule."""

    http_status = 404
    title = "No such rule"


class UnknownContactError(FrontdeskError):
    """Nobody is known by this id, phone number, address or name."""

    http_status = 404
    title = "No such contact"


class AmbiguousContactError(FrontdeskError):
    """Several contacts are meant."""

    http_status = 409
    title = "Several contacts"
