"""Failed sign-ins are counted for the account and for the client's address; too many lock it for ever longer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from core.staff.schema import sign_in_failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many may fail before the first lock, which then doubles with each further failure."""

    free_failures: int
    first_lock: timedelta
    longest_lock: timedelta


#: A person mistypes a few times. The lock stays short enough that a stranger can't keep staff out all day.
FOR_ACCOUNT = Allowance(free_failures=5, first_lock=timedelta(seconds=30), longest_lock=timedelta(minutes=15))
#: A whole shop may sit behind one address.
FOR_ADDRESS = Allowance(free_failures=20, first_lock=timedelta(seconds=30), longest_lock=timedelta(hours=1))
#: Without a failure for so long, counting begins anew.
FORGET_AFTER = timedelta(days=1)


def count_attempt(connection: Connection, *, email: str, address: str, now: datetime) -> int:
    """Count an attempt as failed before it is looked at, so that guesses at the same time don't slip through.

    Return 0, or the seconds for which attempts are refused; a refused one is not counted.
    """
    allowances = {f"account:{email}": FOR_ACCOUNT, f"address:{address}": FOR_ADDRESS}
    table = sign_in_failures.c
    # In one order, so that two attempts never wait for each other's row on PostgreSQL.
    query = select(sign_in_failures).where(table.counted.in_(allowances)).order_by(table.counted).with_for_update()
    known = {row.counted: row for row in connection.execute(query)}
    locks: list[datetime] = [row.locked_until for row in known.values() if row.locked_until is not None]
    wait_s = max(((until - now).total_seconds() for until in locks), default=0.0)
    if wait_s > 0:
        return math.ceil(wait_s)
    for counted, allowance in sorted(allowances.items()):
        row = known.get(counted)
        is_fresh = row is not None and now - row.last_failed_at < FORGET_AFTER
        count = (row.count_failures if row is not None and is_fresh else 0) + 1
        values = {
            "count_failures": count,
            "last_failed_at": now,
            "locked_until": _locked_until(count, allowance, now=now),
        }
        if row is None:
            connection.execute(insert(sign_in_failures), {"counted": counted, **values})
        else:
            connection.execute(update(sign_in_failures).where(table.counted == counted).values(values))
    return 0


def forget_attempts(connection: Connection, *, email: str, address: str, now: datetime) -> None:
    """Take back what was counted, after a sign-in that succeeded; and what is long past of anybody."""
    table = sign_in_failures.c
    connection.execute(
        delete(sign_in_failures).where(
            (table.counted == f"account:{email}") | (table.last_failed_at < now - FORGET_AFTER)
        )
    )
    # Only this attempt's: somebody's own account must not wash an address clean for guesses at others'.
    connection.execute(
        update(sign_in_failures)
        .where(table.counted == f"address:{address}", table.count_failures > 0)
        .values(count_failures=table.count_failures - 1, locked_until=None)
    )


def _locked_until(count: int, allowance: Allowance, *, now: datetime) -> datetime | None:
    excess = count - allowance.free_failures
    if excess < 0:
        return None
    doublings = min(excess, 32)  # 2 ** a stranger's patience would not fit a timedelta
    lock: timedelta = min(allowance.first_lock * 2**doublings, allowance.longest_lock)
    return now + lock
