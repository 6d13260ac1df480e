"""Who may use /v1: the owner's key tells the tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import HTTPException, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from core.errors import ConfigurationError
from core.secrets import OWNER_API_KEY, Secrets, secret_variable
from core.tenants import Tenant

_BEARER = HTTPBearer(auto_error=False, description="The owner's key.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The owner's key.")


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """Tenants by the hash of their keys: a look-up by hash tells nothing of a key by its time."""

    tenant_of: Mapping[bytes, str]

    @classmethod
    def load(cls, tenants: Mapping[str, Tenant], *, secrets: Secrets) -> OwnerKeys:
        """Read every tenant's keys. Raises ConfigurationError where two tenants share one."""
        tenant_of: dict[bytes, str] = {}
        for tenant_id in tenants:
            for key in secrets.values(tenant_id, OWNER_API_KEY):
                other = tenant_of.setdefault(_hash(key), tenant_id)
                if other != tenant_id:
                    raise ConfigurationError(
                        f"{secret_variable(tenant_id, OWNER_API_KEY)}: is also a key of {other}; a key must tell "
                        "the tenant, so give each its own"
                    )
        return cls(tenant_of)

    def find_tenant(self, key: str) -> str | None:
        """Return the tenant of the key, None where it is nobody's."""
        return self.tenant_of.get(_hash(key))


def require_tenant(owner_keys: OwnerKeys) -> Callable[..., str]:
    """Return the dependency that gives a route its caller's tenant, or answers 401."""

    def tenant_of_caller(
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        header: Annotated[str | None, Security(_HEADER)],
    ) -> str:
        key = bearer.credentials if bearer else header
        tenant_id = owner_keys.find_tenant(key) if key else None
        if tenant_id is None:
            raise HTTPException(
                status_code=401,
                detail="send the owner's key as bearer token or X-API-Key header",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return tenant_id

    return tenant_of_caller


def _hash(key: str) -> bytes:
    return sha256(key.encode(errors="surrogatepass")).digest()
