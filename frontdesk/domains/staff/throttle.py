"""Failed sign-ins are counted, and too many lock whoever makes them for ever longer: never the account for its owner.

What is counted apart: guesses from one address at one account, from one address at anybody's, and from all addresses
at one account. Who is known passes the last: a browser that signed in to the account before is counted by itself
alone, and an address with an open session is not counted with strangers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Connection, delete, insert, select, update

from frontdesk.domains.staff.schema import sign_in_failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many may fail before the first lock, which then doubles with each further failure."""

    free_failures: int
    first_lock: timedelta
    longest_lock: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to sign in, by what it is counted."""

    email: str
    address: str
    device_sha256: str | None = None  #: of a browser that signed in to this account before
    has_session: bool = False  #: from this address the account is signed in just now

    @property
    def allowances(self) -> dict[str, Allowance]:
        """What counts it, with how much of it is allowed."""
        if self.device_sha256 is not None:
            return {f"device:{self.device_sha256}": FOR_GUESSES}
        network = network_of(self.address)
        counted = {f"guesses:{self.email} from {network}": FOR_GUESSES, f"address:{network}": FOR_ADDRESS}
        return counted if self.has_session else counted | {f"account:{self.email}": FOR_ACCOUNT}


#: A person mistypes a few times.
FOR_GUESSES = Allowance(free_failures=5, first_lock=timedelta(seconds=30), longest_lock=timedelta(minutes=15))
#: A whole shop may sit behind one address.
FOR_ADDRESS = Allowance(free_failures=20, first_lock=timedelta(seconds=30), longest_lock=timedelta(hours=1))
#: Many addresses at one account is an attack by many machines; it locks strangers only.
FOR_ACCOUNT = Allowance(free_failures=50, first_lock=timedelta(seconds=30), longest_lock=timedelta(minutes=15))
#: Without a failure for so long, counting begins anew.
FORGET_AFTER = timedelta(days=1)
#: Who has one IPv6 address has all of its network's.
_IPV6_NETWORK_BITS = 64


def count_attempt(connection: Connection, attempt: Attempt, *, now: datetime) -> int:
    """Count an attempt as failed before it is looked at, so that guesses at the same time don't slip through.

    Return 0, or the seconds for which attempts are refused; a refused one is not counted.
    """
    allowances = attempt.allowances
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


def forget_attempt(connection: Connection, attempt: Attempt, *, now: datetime) -> None:
    """Take back what was counted, after a sign-in that succeeded; and what is long past of anybody."""
    table = sign_in_failures.c
    shared = {counted for counted in attempt.allowances if counted.startswith(("address:", "account:"))}
    connection.execute(
        delete(sign_in_failures).where(
            table.counted.in_(set(attempt.allowances) - shared) | (table.last_failed_at < now - FORGET_AFTER)
        )
    )
    # Only this attempt's: somebody's own account must not wash an address clean for guesses at others', nor the
    # owner's sign-in the account for those who go on guessing.
    connection.execute(
        update(sign_in_failures)
        .where(table.counted.in_(shared), table.count_failures > 0)
        .values(count_failures=table.count_failures - 1, locked_until=None)
    )


def network_of(address: str) -> str:
    """Return what an address is counted by: itself, of IPv6 its network.

    >>> network_of("2001:db8:1:2:3::4"), network_of("192.0.2.7")
    ('2001:db8:1:2::', '192.0.2.7')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    shift = IPv6Address(0).max_prefixlen - _IPV6_NETWORK_BITS
    return str(IPv6Address(int(parsed) >> shift << shift))


def _locked_until(count: int, allowance: Allowance, *, now: datetime) -> datetime | None:
    excess = count - allowance.free_failures
    if excess < 0:
        return None
    doublings = min(excess, 32)  # 2 ** a stranger's patience would not fit a timedelta
    lock: timedelta = min(allowance.first_lock * 2**doublings, allowance.longest_lock)
    return now + lock
