"""A store of secrets as tests change it: as the command does, without typing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.secret_store.master_key import MasterKeys, need_master_key
from frontdesk.core.secrets import MASTER_KEY, NEW_MASTER_KEY, Secrets
from frontdesk.domains.tenancy.secret_keeper import SecretKeeper

#: Base64 of 32 bytes, and hex of 32 others.
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER_KEY = "5f" * 32
WITH_KEY = {"FRONTDESK_MASTER_KEY": KEY}
WITH_OTHER_KEY = {"FRONTDESK_MASTER_KEY": OTHER_KEY}


@dataclass(frozen=True)
class Store:
    """The store in the database of an engine."""

    engine: Engine

    @property
    def keeper(self) -> SecretKeeper:
        return SecretKeeper(self.engine, clock=SystemClock(), by="a test")

    def set(
        self,
        tenant_id: str,
        name: str,
        value: str,
        *,
        keeps_older: bool = False,
        environ: Mapping[str, str] = WITH_KEY,
    ) -> None:
        keys = MasterKeys.read(environ)
        self.keeper.set(tenant_id, name, value=value, keeps_older=keeps_older, keys=keys)

    def change_key(self, *, old: str = KEY, new: str = OTHER_KEY) -> int:
        environ = {f"FRONTDESK_{MASTER_KEY}": old, f"FRONTDESK_{NEW_MASTER_KEY}": new}
        return self.keeper.change_key(
            old=need_master_key(MASTER_KEY, environ=environ), new=need_master_key(NEW_MASTER_KEY, environ=environ)
        )


def value_of(secrets: Secrets, tenant_id: str, name: str) -> tuple[str, ...]:
    """Return the values as they are now, as who follows reads them."""
    secrets.refresh()
    return secrets.values(tenant_id, name)
