"""Roles, and what each may do: the one table that /v1 and the dashboard go by. docs/staff.md shows it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What an account may do; each may do what those after it may."""

    OWNER = "owner"
    ADMIN = "admin"
    TECH = "tech"


class Permission(StrEnum):
    """Something that a route of /v1 does."""

    LOOK = "look"  #: commands, why, holds in force, tasks, free times, colleagues' names
    SEND = "send"  #: texts and e-mails to one person
    WORK = "work"  #: tasks, stages and bookings; a tech's own ones only
    SETTLE = "settle"  #: dead and uncertain commands, identities
    HOLD = "hold"  #: the kill switches
    EXPORT = "export"  #: the log out, history in
    AUDIT = "audit"  #: reading who did and read what


_BOTTOM_ROLE: Mapping[Permission, Role] = MappingProxyType(
    {
        Permission.LOOK: Role.TECH,
        Permission.SEND: Role.TECH,
        Permission.WORK: Role.TECH,
        Permission.SETTLE: Role.ADMIN,
        Permission.HOLD: Role.OWNER,
        Permission.EXPORT: Role.OWNER,
        Permission.AUDIT: Role.OWNER,
    }
)
_RANKS = {Role.TECH: 0, Role.ADMIN: 1, Role.OWNER: 2}


def role_needed(permission: Permission) -> Role:
    """Return the lowest role that has a permission."""
    return _BOTTOM_ROLE[permission]


def may(role: Role, permission: Permission) -> bool:
    """Return whether a role has a permission.

    >>> may(Role.ADMIN, Permission.HOLD)
    False
    """
    return _RANKS[role] >= _RANKS[role_needed(permission)]
