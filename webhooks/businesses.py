"""Which businesses are served and what is configured for each, made again for one whose configuration changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import HTTPException

from frontdesk.connectors.descriptor import descriptors
from frontdesk.connectors.masks import Masks
from frontdesk.connectors.source import Source, SourceConfiguration
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.callers import OwnerKeys
from webhooks.intake.intake import Intake, IntakeServices
from webhooks.logs import log_unexpected_error, log_unusable_source


@dataclass(frozen=True, slots=True)
class Served:
    """What is configured for one business, by the names of its sources."""

    sources: dict[str, Source] = field(default_factory=dict)  #: those that have a secret
    masks: dict[str, Masks] = field(default_factory=dict)  #: every secret that lets a delivery in: never stored
    unusable: dict[str, str] = field(default_factory=dict)  #: those that can't be used, with what is wrong


class ServedBusinesses:
    """All that are served. `prepare` is for any one thread; the event loop alone opens, takes over and closes."""

    def __init__(
        self,
        tenants: Mapping[str, Tenant],
        *,
        wrong: Callable[[], Collection[str]],
        secrets: Secrets,
        settings: Settings,
    ) -> None:
        """`tenants` may change; a change counts once it is prepared and taken over. wrong: whose configuration is."""
        self.tenants = tenants
        self.owner_keys = OwnerKeys(secrets)
        self.intakes: dict[str, Intake] = {}  #: by request path; empty unless open
        self._wrong = wrong
        self._unreadable: frozenset[str] = frozenset()
        self._secrets = secrets
        self._settings = settings
        self._services: IntakeServices | None = None
        self._served = self.prepare(tenants)

    def prepare(self, slugs: Iterable[str]) -> dict[str, Served]:
        """Configure these anew; what one can't be served with stops none of the others. Nothing changes yet."""
        slugs = list(slugs)
        self.owner_keys.load(slugs, known=self.tenants)
        return {slug: self._configure(self.tenants.get(slug)) for slug in slugs}

    def take_over(self, prepared: Mapping[str, Served]) -> None:
        """Serve these by what was prepared. A request that has begun ends by what it began with."""
        self._served.update(prepared)
        if self._services is not None:
            for slug, served in prepared.items():
                self._open_intakes(slug, served, services=self._services)

    def open(self, services: IntakeServices) -> None:
        """Take deliveries from now on."""
        self._services = services
        for slug, served in self._served.items():
            self._open_intakes(slug, served, services=services)

    def close(self) -> None:
        """Take no more deliveries."""
        self._services = None
        self.intakes.clear()

    def note_unreadable(self, slugs: Collection[str]) -> None:
        """Take note whose only configuration is a file that nobody can be served by."""
        self._unreadable = frozenset(slugs)

    def is_set_aside(self, slug: str, source: str) -> bool:
        """Tell whether this can't be served until a file, settings or secrets are mended."""
        if slug not in self.tenants:
            return slug in self._wrong() or slug in self._unreadable
        served = self._served.get(slug)
        return served is not None and source in served.unusable

    def get(self, slug: str) -> Tenant:
        """Return a caller's business. Raises HTTPException where it has left, or can't be read: staff may be in."""
        tenant = self.tenants.get(slug)
        if tenant is not None:
            return tenant
        if slug in self._wrong() or slug in self._unreadable:
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE, f"the configuration of {slug} can't be used now; have it mended"
            )
        raise HTTPException(HTTPStatus.FORBIDDEN, f"{slug} has left: nothing is done for it any more")

    def in_force(self, slug: str) -> tuple[Tenant, Configuration | None]:
        """Return a caller's business and the version of it that the log has, None if it has none. Raises as get."""
        if isinstance(self.tenants, TenantDirectory):
            found = self.tenants.in_force(slug)
            if found is not None:
                return found
        return self.get(slug), None

    def _configure(self, tenant: Tenant | None) -> Served:
        served = Served()
        if tenant is None:
            return served
        for declared in tenant.sources:
            descriptor = descriptors()[declared.name].load_source()
            configuration = SourceConfiguration(
                tenant_id=tenant.slug,
                secrets=self._secrets,
                settings=declared.settings,
                public_url=self._settings.public_url.rstrip("/"),
            )
            try:
                secrets = [each for name in descriptor.secret_names for each in configuration.secret_values(name)]
                served.masks[declared.name] = Masks.of(secrets)
                source = descriptor.configure(configuration)
            except ConfigurationError as error:
                served.unusable[declared.name] = error.detail
                log_unusable_source(tenant.slug, declared.name, error.detail)
            except Exception as error:  # noqa: BLE001 - a mistake of ours about one business stops no other
                served.unusable[declared.name] = "it can't be configured"
                log_unexpected_error(error)
            else:
                if source is not None:
                    served.sources[declared.name] = source
        return served

    def _open_intakes(self, slug: str, served: Served, *, services: IntakeServices) -> None:
        wanted = {f"/webhooks/{slug}/{name}": (name, source) for name, source in served.sources.items()}
        of_business = f"/webhooks/{slug}/"
        for path in [path for path in self.intakes if path.startswith(of_business) and path not in wanted]:
            del self.intakes[path]
        for path, (name, source) in wanted.items():
            self.intakes[path] = Intake(
                tenant_id=slug,
                source=source,
                services=services,
                masks=served.masks[name],
                before=self.intakes.get(path),
            )
