"""Puts accounts, sessions and the audit trail of one database together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory
from frontdesk.core.settings import Settings
from frontdesk.domains.staff.accounts import StaffAccounts
from frontdesk.domains.staff.audit import AuditTrail
from frontdesk.domains.staff.passwords import Passwords
from frontdesk.domains.staff.sessions import SessionLimits, StaffSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffDirectory:
    """What is known of staff."""

    accounts: StaffAccounts
    sessions: StaffSessions
    audit: AuditTrail

    @classmethod
    def open(
        cls, engine: Engine, *, settings: Settings, clock: Clock, ids: IdFactory, passwords: Passwords | None = None
    ) -> Self:
        """Return the three over an engine; nothing is read yet."""
        passwords = passwords or Passwords()
        audit = AuditTrail(engine, clock=clock)
        limits = SessionLimits(
            idle=timedelta(minutes=settings.session_idle_minutes), absolute=timedelta(hours=settings.session_hours)
        )
        return cls(
            accounts=StaffAccounts(engine, clock=clock, ids=ids, audit=audit, passwords=passwords),
            sessions=StaffSessions(engine, clock=clock, audit=audit, passwords=passwords, limits=limits),
            audit=audit,
        )
