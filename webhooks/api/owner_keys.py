"""The owner's keys of /v1: each tells its tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from frontdesk.core.secrets import OWNER_API_KEY, Secrets, secret_variable
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.logs import log_unusable_key

#: Shorter ones can be guessed.
MIN_KEY_LENGTH = 24


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """Tenants by the hash of their keys: a look-up by hash tells nothing of a key by its time."""

    tenant_of: Mapping[bytes, str]

    @classmethod
    def load(cls, tenants: Mapping[str, Tenant], *, secrets: Secrets) -> OwnerKeys:
        """Read every tenant's keys. One that is too short, or of two tenants, is nobody's, and that is logged."""
        tenant_of: dict[bytes, str] = {}
        shared: set[bytes] = set()
        for tenant_id in tenants:
            for key in secrets.values(tenant_id, OWNER_API_KEY):
                if len(key) < MIN_KEY_LENGTH:
                    log_unusable_key(
                        secret_variable(tenant_id, OWNER_API_KEY),
                        f"has fewer than {MIN_KEY_LENGTH} characters; make one by: openssl rand -hex 24",
                    )
                    continue
                other = tenant_of.setdefault(_hash(key), tenant_id)
                if other != tenant_id:
                    shared.add(_hash(key))
                    log_unusable_key(
                        secret_variable(tenant_id, OWNER_API_KEY),
                        f"is also a key of {other}; a key must tell the tenant, so give each its own",
                    )
        return cls({key: tenant_id for key, tenant_id in tenant_of.items() if key not in shared})

    def find_tenant(self, key: str) -> str | None:
        """Return the tenant of the key, None where it is nobody's."""
        return self.tenant_of.get(_hash(key))


def _hash(key: str) -> bytes:
    return sha256(key.encode(errors="surrogatepass")).digest()
