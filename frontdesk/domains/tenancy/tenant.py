"""Tenants: one document per business, with the sections of every domain."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PrivateAttr, model_validator

from frontdesk.core.placeholders import NOBODYS_IDS, nobodys_value
from frontdesk.core.tenant.business import refuse_repeats
from frontdesk.core.tenant.files import FileContent, FileReader, Files, Problem
from frontdesk.domains.bookings.settings import PageBusiness
from frontdesk.domains.identity.settings import IdentifyingBusiness, IdentityRule
from frontdesk.domains.prices.checks import find_wrong_prices
from frontdesk.domains.reports.settings import ReportingBusiness
from frontdesk.domains.rules.checks import Surroundings, find_problems
from frontdesk.domains.rules.settings import RuledBusiness
from frontdesk.domains.stages.scoring import Priority, Warmness
from frontdesk.domains.stages.settings import Pipeline, refuse_unknown_stages
from frontdesk.domains.tenancy.alert_settings import AlertSettings


class Tenant(PageBusiness, IdentifyingBusiness, RuledBusiness, ReportingBusiness):
    """One business, whole."""

    read_by: ClassVar[frozenset[str]] = IdentifyingBusiness.read_by | RuledBusiness.read_by

    plan: Literal["starter", "pro", "teams"] | None = Field(
        default=None, description="The plan of its platform, where it has one."
    )
    pipelines: Annotated[tuple[Pipeline, ...], Field(min_length=1)]
    warmness: Warmness = Warmness()
    priority: Priority = Priority()
    alerts: AlertSettings = AlertSettings()

    #: Its numbers and addresses in what is left out of a wrong file: they stay its own, and no customer's.
    _numbers_left_out: tuple[str, ...] = PrivateAttr(())
    _addresses_left_out: tuple[str, ...] = PrivateAttr(())

    def note_left_out(self, content: Mapping[str, object], *, left_out: Collection[str]) -> None:
        """Keep the business's own numbers and addresses, though their section is left out."""
        super().note_left_out(content, left_out=left_out)
        delivery = content.get("delivery") if "delivery" in left_out else None
        sections = delivery if isinstance(delivery, dict) else {}
        sms, mail = (sections.get(name) for name in ("sms", "email"))
        numbers = [content.get("phone") if "phone" in left_out else None, *_senders(sms)]
        self._numbers_left_out = tuple(each for each in numbers if isinstance(each, str))
        self._addresses_left_out = tuple(each for each in _senders(mail) if isinstance(each, str))

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Tenant:
        refuse_repeats("services", [service.key for service in self.services])
        refuse_repeats("pipelines", [pipeline.key for pipeline in self.pipelines])
        refuse_repeats("sources", [source.name for source in self.sources])
        refuse_repeats("endpoints", [endpoint.key for endpoint in self.endpoints])
        refuse_repeats("identity", [rule.identifier for rule in self.identity])
        for pipeline in self.pipelines:
            refuse_repeats(f"pipelines.{pipeline.key}.stages", [stage.key for stage in pipeline.stages])
        refuse_unknown_stages(self.pipelines)
        refuse_repeats("reports.recipients", list(self.reports.recipients))
        if self.reports.recipients and self.delivery.email is None:
            raise ValueError("reports.recipients: nobody sends e-mails here; set delivery.email, or remove them")
        refuse_repeats("alerts.email", list(self.alerts.email))
        if self.alerts.email and self.delivery.email is None:
            raise ValueError("alerts.email: nobody sends e-mails here; set delivery.email, or remove them")
        if self.alerts.endpoint is not None and self.alerts.endpoint not in {each.key for each in self.endpoints}:
            raise ValueError(f"alerts.endpoint: {self.alerts.endpoint!r} is no key of endpoints; add it there")
        if sum(rule.use == "strong" for rule in self.identity) > 1:
            raise ValueError("identity: only one identifier can be strong; make the others link")
        return self

    def nobodys_values(self, rule: IdentityRule) -> list[str]:
        """Return the values of a kind that belong to nobody, as they are compared: the usual ones and its own."""
        # Where customers are asked for their own number, the business's stands when somebody types for them.
        usual = {"phone": self._own_numbers(), "email": self._own_addresses()}.get(rule.identifier, NOBODYS_IDS)
        own = (nobodys_value(rule.identifier, value, region=self.country) for value in rule.ignored_values)
        return sorted({*usual, *own})

    def _own_numbers(self) -> tuple[str, ...]:
        sms = self.delivery.sms
        numbers = [self.phone, sms.sender if sms else None]
        numbers += [source.settings.get("phone_number") for source in self.sources]
        numbers += self._numbers_left_out
        return tuple(nobodys_value("phone", number, region=self.country) for number in numbers if number)

    def _own_addresses(self) -> tuple[str, ...]:
        mail = self.delivery.email
        return tuple(
            nobodys_value("email", address, region=self.country)
            for address in (self.email, mail.sender if mail else None, *self._addresses_left_out)
            if address
        )


def load_tenants(folder: Path) -> dict[str, Tenant]:
    """Return the tenants of a folder; see read_tenants."""
    return read_tenants(folder).tenants


def read_tenants(folder: Path) -> Files[Tenant]:
    """Read every file of the folder; one that is wrong stops its own business alone (FileReader.read_folder)."""
    return _reader().read_folder(folder)


def read_documents(documents: Mapping[str, Mapping[str, object]]) -> Files[Tenant]:
    """Read documents by slug, such as those in force in the log; none raises (FileReader.read_documents)."""
    return _reader().read_documents(documents)


def look_at(file: Path) -> FileContent[Tenant]:
    """Return what a file holds and what is wrong with it; never raises for what is in it."""
    return _reader().look_at(file)


def load_tenant(file: Path) -> Tenant:
    """Read one tenant's file, named by its slug. Raises ConfigurationError that names file, key and remedy."""
    return _reader().read_named(file)


def read_tenant(file: Path) -> Tenant:
    """Read a tenant's file of any name, such as a draft. Raises ConfigurationError as load_tenant does."""
    return _reader().read(file)


def parse_tenant(text: str, *, file: Path) -> Tenant:
    """Return the tenant that a file's text describes; `file` is what errors name. Raises ConfigurationError."""
    return _reader().parse(text, file=file)


def _reader() -> FileReader[Tenant]:
    return FileReader(Tenant, check=_find_problems)


def _find_problems(tenant: Tenant) -> Iterator[Problem]:
    yield from find_wrong_prices(tenant)
    surroundings = Surroundings(
        templates=tenant.all_templates(),
        sources=tuple(source.name for source in tenant.sources),
        endpoints=tuple(endpoint.key for endpoint in tenant.endpoints),
    )
    yield from find_problems(tenant.rules, surroundings)


def _senders(section: object) -> list[object]:
    return [section.get("from")] if isinstance(section, dict) else []
