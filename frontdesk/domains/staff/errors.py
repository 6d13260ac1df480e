"""What can go wrong with accounts and sessions, with the HTTP status that tells it."""

from __future__ import annotations

from frontdesk.core.errors import FrontdeskError


class StaffUnavailableError(FrontdeskError):
    """The database of accounts can't be read or written now."""

    http_status = 503
    title = "Accounts not available"


class AccountError(FrontdeskError):
    """An account can't be made or changed as asked for."""

    http_status = 422
    title = "Account not changed"


class UnknownAccountError(FrontdeskError):
    """There is no such account; the detail says how to see those there are."""

    http_status = 404
    title = "No such account"


class SignInRefusedError(FrontdeskError):
    """E-mail and password don't belong to an account that may sign in. Which of them is wrong is not told."""

    http_status = 401
    title = "Not signed in"


class SignInLockedError(FrontdeskError):
    """Too many failed attempts; `retry_after_s` seconds from now another one is looked at."""

    http_status = 429
    title = "Too many attempts"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many failed attempts; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s
