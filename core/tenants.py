"""Tenants: one YAML file per business, validated; what is wrong is told by file, key and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from core.errors import ConfigurationError

SOURCES = (
    "stripe",
    "twilio",
    "clicksend",
    "wix",
    "manychat",
    "zoho",
    "gohighlevel",
    "proof",
    "google-calendar",
)
SourceName = Literal[
    "stripe", "twilio", "clicksend", "wix", "manychat", "zoho", "gohighlevel", "proof", "google-calendar"
]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=63)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=63)]
Price = Annotated[Decimal, Field(ge=0, decimal_places=2, max_digits=12)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenHours(_Strict):
    """One opening period in local time; closing must be after opening (24:00 is written 23:59)."""

    opens: time
    closes: time

    @model_validator(mode="after")
    def _closes_after_opening(self) -> OpenHours:
        if self.closes <= self.opens:
            raise ValueError("closes must be later than opens; split periods that pass midnight")
        return self


class Service(_Strict):
    """What can be booked, with its list price."""

    key: Key
    name: str
    price: Price
    duration_minutes: Annotated[int, Field(gt=0, le=24 * 60)]
    description: str | None = None
    radius_miles: Annotated[int, Field(ge=0)] | None = None
    provider_ids: dict[str, str] = Field(default_factory=dict, description="Source name to its id of it.")


class Surcharge(_Strict):
    """A fixed or per-mile addition to a price."""

    key: Key
    name: str
    price: Price
    unit: Literal["booking", "mile"] = "booking"


class Stage(_Strict):
    """A step of the pipeline."""

    key: Key
    name: str


class Pipeline(_Strict):
    """Ordered stages a contact or job moves through."""

    key: Key
    name: str
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]


class Source(_Strict):
    """A provider that posts to this tenant, and the names of its secrets (never the secrets)."""

    name: SourceName
    secrets: Annotated[tuple[str, ...], Field(min_length=1)]
    settings: dict[str, str] = Field(default_factory=dict, description="Public ids, such as a location id.")


class IdentityRule(_Strict):
    """How one kind of identifier is used to tell that two records are the same person."""

    identifier: Literal[
        "phone",
        "email",
        "wix_contact",
        "manychat_subscriber",
        "stripe_customer",
        "gohighlevel_contact",
        "zoho_record",
        "external_id",
    ]
    use: Literal["strong", "link", "ignore"]
    ignored_values: tuple[str, ...] = Field(
        default=(), description="Values that belong to nobody, such as the shop's own address."
    )


DEFAULT_IDENTITY_RULES = (
    IdentityRule(identifier="phone", use="strong"),
    IdentityRule(identifier="email", use="link"),
    IdentityRule(identifier="wix_contact", use="link"),
    IdentityRule(identifier="manychat_subscriber", use="link"),
    IdentityRule(identifier="stripe_customer", use="link"),
    IdentityRule(identifier="gohighlevel_contact", use="link"),
    IdentityRule(identifier="zoho_record", use="link"),
    IdentityRule(identifier="external_id", use="link"),
)


class Tenant(_Strict):
    """One business."""

    slug: Slug
    name: str
    industry: str
    zone: str = Field(description="IANA zone, such as Australia/Perth.")
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    phone_calling_code: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")]
    phone_trunk_prefix: Annotated[str, StringConstraints(pattern=r"^[0-9]?$")] = Field(
        default="", description="Digit dialled before national numbers, dropped in E.164 (0 in Australia)."
    )
    email: str
    phone: str | None = None
    hours: dict[Weekday, tuple[OpenHours, ...]]
    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    surcharges: tuple[Surcharge, ...] = ()
    tax_rate_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    plan: Literal["starter", "pro", "teams"] | None = None
    pipelines: Annotated[tuple[Pipeline, ...], Field(min_length=1)]
    sources: tuple[Source, ...]
    identity: tuple[IdentityRule, ...] = DEFAULT_IDENTITY_RULES

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{zone!r} is no IANA zone; write one such as Australia/Perth") from error
        return zone

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Tenant:
        _refuse_repeats("services", [service.key for service in self.services])
        _refuse_repeats("pipelines", [pipeline.key for pipeline in self.pipelines])
        _refuse_repeats("sources", [source.name for source in self.sources])
        _refuse_repeats("identity", [rule.identifier for rule in self.identity])
        for pipeline in self.pipelines:
            _refuse_repeats(f"pipelines.{pipeline.key}.stages", [stage.key for stage in pipeline.stages])
        if sum(rule.use == "strong" for rule in self.identity) > 1:
            raise ValueError("identity: only one identifier can be strong; make the others link")
        return self

    def find_source(self, name: str) -> Source | None:
        """Return the source of that name, None where this tenant has none."""
        return next((source for source in self.sources if source.name == name), None)


def load_tenants(folder: Path) -> dict[str, Tenant]:
    """Read every *.yaml of the folder; return tenants by slug, in the order of their slugs.

    Raises ConfigurationError that names file, key and remedy for the first file that is wrong.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigurationError(f"{folder}: no tenant files; put one <slug>.yaml per business there")
    tenants = (load_tenant(file) for file in files)
    return {tenant.slug: tenant for tenant in tenants}


def load_tenant(file: Path) -> Tenant:
    """Read one tenant's file. Raises ConfigurationError that names file, key and remedy."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{file}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{file}: must be a mapping of keys such as slug, name, zone")
    try:
        tenant = Tenant.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(file, error))) from error
    if tenant.slug != file.stem:
        raise ConfigurationError(
            f"{file}: slug: is {tenant.slug!r}; rename the file or set the slug to {file.stem!r}"
        )
    return tenant


def _refuse_repeats(key: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{key}: given twice: {', '.join(repeated)}; keep one of each")


def _explain(file: Path, error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(file)"
        yield f"{file}: {key}: {_remedy(problem)}"


def _remedy(problem: Any) -> str:
    message = str(problem["msg"])
    match problem["type"]:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden":
            return "is not a known key; remove it or correct its spelling"
        case "literal_error":
            return f"is {problem['input']!r}; use one of {problem['ctx']['expected']}"
        case _:
            return f"is {problem['input']!r}: {message}" if not isinstance(problem["input"], dict) else message
