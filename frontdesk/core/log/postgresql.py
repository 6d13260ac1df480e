"""Limits on every wait for PostgreSQL: to connect, for a lock, for a statement, and for a server that hangs."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from typing import Any, Final

import psycopg
from psycopg import errors
from sqlalchemy import Connection, Engine, event

_CONNECT_S: Final = 5
#: The server's own limits. A lock is waited for as long as SQLite's (database.py); a transaction of ours that is
#: stopped in its middle gives up its locks.
_LOCK_S: Final = 5
_STATEMENT_S: Final = 30
_IDLE_IN_TRANSACTION_S: Final = 60
#: What a server that hangs keeps none of: after that the connection is given up. Longer than its own limits.
_SILENCE_S: Final = 35.0
_PROBE_S: Final = 5


def connect_arguments() -> dict[str, Any]:
    """Return what every connection is opened with."""
    limits = {
        "lock_timeout": _LOCK_S,
        "statement_timeout": _STATEMENT_S,
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION_S,
    }
    return {
        "connect_timeout": _CONNECT_S,
        "options": " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items()),
        # A machine that is gone without a word: the network's own limit is two hours.
        "keepalives_idle": _PROBE_S,
        "keepalives_interval": _PROBE_S,
        "keepalives_count": 3,
        "tcp_user_timeout": int(_SILENCE_S * 1000),
    }


def limit_waits(engine: Engine) -> None:
    """Make the engine's connections give up a server that does not answer."""
    event.listen(engine, "do_connect", _connect)


def without_limits(connection: Connection) -> None:
    """Let the transaction of a connection take as long as it takes; the connection is not for others afterwards."""
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        connection.exec_driver_sql(f"SET LOCAL {name} = 0")
    driver = connection.connection.driver_connection
    if isinstance(driver, _LimitedConnection):
        driver.silence_s = math.inf


class _LimitedConnection(psycopg.Connection[Any]):
    """Waits for an answer no longer than _SILENCE_S; then it is closed, since nobody knows what became of it."""

    silence_s: float | None = None  #: None: as always

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """Run one exchange. Raises OperationalError after the limit."""
        silence_s = _SILENCE_S if self.silence_s is None else self.silence_s
        try:
            return super().wait(_limited(gen, silence_s=silence_s), *arguments, **options)
        except _SilentError as error:
            self.pgconn.finish()
            raise errors.OperationalError(f"PostgreSQL has not answered for {silence_s:g} s") from error


class _SilentError(Exception):
    pass


def _limited(exchange: Generator[Any, Any, Any], *, silence_s: float) -> Generator[Any, Any, Any]:
    """Pass an exchange of psycopg on, which is looked at some times a second while it waits."""
    ends_at = time.monotonic() + silence_s
    try:
        wait_condition = next(exchange)
        while True:
            ready = yield wait_condition
            if not ready and time.monotonic() > ends_at:
                raise _SilentError
            wait_condition = exchange.send(ready)
    except StopIteration as end:
        return end.value


def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    return _LimitedConnection.connect(*arguments, **options)
