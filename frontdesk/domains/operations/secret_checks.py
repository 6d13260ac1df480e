"""Checks the stored secrets: whether they can be read, and what is in the environment as well, or of nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.database import open_existing
from frontdesk.core.secret_store.master_key import MasterKeys
from frontdesk.core.secret_store.rows import StoredValue, has_store, read_values
from frontdesk.core.secrets import MASTER_KEY, Secrets, secret_variable
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.findings import Finding, Level
from frontdesk.domains.tenancy.secret_names import secret_names
from frontdesk.domains.tenancy.tenant import Tenant

_MASTER_KEY = "Master key"


class FoundSecrets:
    """What is set anywhere, as the doctor sees it: of what can't be read too."""

    def __init__(self, values: Collection[StoredValue], *, environ: Mapping[str, str]) -> None:
        self.environment = Secrets(environ)
        self.keys = MasterKeys.read(environ)
        self.stored: dict[str, dict[str, list[StoredValue]]] = {}
        for each in values:
            self.stored.setdefault(each.address.tenant_id, {}).setdefault(each.address.name, []).append(each)

    @classmethod
    def read(cls, settings: Settings, *, environ: Mapping[str, str]) -> FoundSecrets:
        """Return a home's; without those of a database that can't be read, which another check tells."""
        values: list[StoredValue] = []
        try:
            engine = open_existing(settings.event_log_url)
            if engine is not None:
                with engine.connect() as connection:
                    values = read_values(connection) if has_store(connection) else []
                engine.dispose()
        except (ConfigurationError, SQLAlchemyError):
            values = []
        return cls(values, environ=environ)

    def is_set(self, tenant_id: str, name: str) -> bool:
        """Tell whether a secret has a value, in the environment or stored."""
        stored = self.stored.get(tenant_id, {})
        return name in stored or bool(self.environment.values_of_environment(tenant_id, name))

    def problem_of(self, tenant_id: str, name: str) -> str:
        """Return why a stored secret can't be read; empty if it can."""
        for each in self.stored.get(tenant_id, {}).get(name, ()):
            try:
                self.keys.decrypt(each.sealed, address=each.address)
            except ConfigurationError as error:
                return error.detail
        return ""


def check_stored_secrets(tenants: Collection[Tenant], found: FoundSecrets) -> Iterator[Finding]:
    """Check the master key, and what is stored of each business."""
    yield from _check_master_key(found)
    known = {tenant.slug: secret_names(tenant) for tenant in tenants}
    for slug, names in found.stored.items():
        yield from _check_business(slug, names, known=known.get(slug), found=found)


def _check_master_key(found: FoundSecrets) -> Iterator[Finding]:
    count = sum(len(names) for names in found.stored.values())
    problem = found.keys.problem
    if problem and count:
        remedy = f"Set FRONTDESK_{MASTER_KEY} to the key that they were stored under, and start Frontdesk again"
        yield Finding(Level.ERROR, _MASTER_KEY, f"{problem}; stored secrets that need it: {count}", remedy)
    elif problem and found.environment.environ.get(f"FRONTDESK_{MASTER_KEY}", "").strip():
        yield Finding(Level.ERROR, _MASTER_KEY, problem, "Set it right, or take it away: no secret is stored")
    elif count:
        yield Finding(Level.OK, _MASTER_KEY, f"set; stored secrets: {count}")


def _check_business(
    slug: str, names: Collection[str], *, known: Collection[str] | None, found: FoundSecrets
) -> Iterator[Finding]:
    subject = f"Stored secrets of {slug}"
    if known is None:
        remedy = f"If it has left for good: frontdesk secrets remove {slug} --all"
        yield Finding(Level.WARNING, subject, f"there is no such business, and it has {len(names)}", remedy)
        return
    for name in sorted(names):
        if problem := found.problem_of(slug, name):
            remedy = f"What needs it waits. If nothing can read it any more: frontdesk secrets remove {slug} {name}"
            yield Finding(Level.ERROR, subject, f"{name} can't be read: {problem}", remedy)
        if name not in known:
            remedy = f"Add what it is for to the business's file, or: frontdesk secrets remove {slug} {name}"
            yield Finding(Level.WARNING, subject, f"{name} is for nothing in its configuration", remedy)
        if found.environment.values_of_environment(slug, name):
            detail = f"{name} is in the environment too, which comes first and is what is sent with"
            remedy = f"Take {secret_variable(slug, name)} away, or: frontdesk secrets remove {slug} {name}"
            yield Finding(Level.WARNING, subject, detail, remedy)
