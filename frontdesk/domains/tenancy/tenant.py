"""Tenants: one YAML file per business, validated; what is wrong is told by file, key and remedy."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import yaml
from phonenumbers import SUPPORTED_REGIONS
from pydantic import Field, PrivateAttr, StringConstraints, ValidationError, field_validator, model_validator

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import ConfigurationError, validation_message
from frontdesk.core.money import decimal_mark_of
from frontdesk.core.nobody import NOBODYS_IDS, nobodys_value
from frontdesk.core.tenant.fields import E164Phone, Email, Key, LocalTime, Price, SecretName, Slug, Strict, Weekday
from frontdesk.core.tenant.yaml_places import line_of
from frontdesk.core.tenant.yaml_sizes import BoundedLoader, refuse_huge
from frontdesk.domains.attribution.settings import Attribution
from frontdesk.domains.facts import Currency
from frontdesk.domains.operations.settings import AlertSettings
from frontdesk.domains.reports.settings import ReportSettings
from frontdesk.domains.rules.checks import Surroundings, find_problems
from frontdesk.domains.rules.rule import Rule
from frontdesk.domains.sending.consent.reply_words import Language
from frontdesk.domains.sending.default_templates import DEFAULT_TEMPLATES
from frontdesk.domains.sending.recipient_zones import zones_of
from frontdesk.domains.sending.settings import Delivery
from frontdesk.domains.sending.sms_segments import SmsPrices
from frontdesk.domains.sending.templates import Reading, Templates, render
from frontdesk.domains.stages.scoring import Priority, Warmness
from frontdesk.domains.stages.settings import Pipeline, refuse_unknown_stages

_logger = logging.getLogger(__name__)

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


class OpenHours(Strict):
    """One opening period in local time; closing must be after opening (24:00 is written 23:59)."""

    opens: LocalTime
    closes: LocalTime

    @model_validator(mode="after")
    def _closes_after_opening(self) -> OpenHours:
        if self.closes <= self.opens:
            raise ValueError("closes must be later than opens; split periods that pass midnight")
        return self


class Service(Strict):
    """What can be booked, with its list price."""

    key: Key
    name: str
    price: Price
    duration_minutes: Annotated[int, Field(gt=0, le=24 * 60)]
    description: str | None = None
    radius_miles: Annotated[int, Field(ge=0)] | None = None
    hours: OpenHours | None = Field(
        default=None, description="Every day's hours of this service where they differ from the business's."
    )
    provider_ids: dict[str, str] = Field(default_factory=dict, description="Source name to its id of it.")


class Surcharge(Strict):
    """A fixed or per-mile addition to a price."""

    key: Key
    name: str
    price: Price
    unit: Literal["booking", "mile"] = "booking"


class Source(Strict):
    """A provider that posts to this tenant, and the names of its secrets (never the secrets)."""

    name: SourceName
    secrets: Annotated[tuple[SecretName, ...], Field(min_length=1)]
    settings: dict[str, str] = Field(default_factory=dict, description="Public ids, such as a location id.")

    @model_validator(mode="after")
    def _secrets_are_its_own(self) -> Source:
        prefix = f"{self.name.upper().replace('-', '_')}_"
        foreign = [secret for secret in self.secrets if not secret.startswith(prefix)]
        if foreign:
            raise ValueError(f"secrets: {', '.join(foreign)} must begin with {prefix}")
        return self


class Endpoint(Strict):
    """An address that rules post to, signed; plain http only to this machine."""

    key: Key
    url: Annotated[str, StringConstraints(pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s]+$")]
    secret: SecretName = Field(description="Name of the secret that signs.")


class IdentityRule(Strict):
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
        default=(),
        description="Values that belong to nobody, as people write them: 0400 000 000, WALK_IN.",
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


class OptOut(Strict):
    """How replies that withdraw a consent are read."""

    languages: tuple[Language, ...] | None = Field(
        default=None, description="Languages that customers write in; left out, those of the country."
    )
    cancel_is_stop: tuple[SourceName, ...] = Field(
        default=("twilio", "gohighlevel"),
        description="Providers whose carriers take a reply of CANCEL for STOP, whatever it answers.",
    )


#: Languages that customers write in, by country; elsewhere English.
_LANGUAGES_OF = {
    **dict.fromkeys(("US", "PR"), ("en", "es")),
    **dict.fromkeys(("CA",), ("en", "fr")),
    **dict.fromkeys(("FR", "MC"), ("fr",)),
    **dict.fromkeys(("BE",), ("fr", "nl")),
    **dict.fromkeys(("CH",), ("de", "fr", "it")),
    **dict.fromkeys(("DE", "AT", "LI"), ("de",)),
    **dict.fromkeys(("ES", "MX", "AR", "CL", "CO", "PE", "EC", "UY", "VE", "CR", "PA", "GT", "DO"), ("es",)),
    **dict.fromkeys(("IT", "SM"), ("it",)),
    **dict.fromkeys(("PT", "BR"), ("pt",)),
    **dict.fromkeys(("NL",), ("nl",)),
    **dict.fromkeys(("VN",), ("vi",)),
    **dict.fromkeys(("CN", "TW", "HK", "MO", "SG"), ("zh",)),
    **dict.fromkeys(("AE", "SA", "QA", "KW", "BH", "OM", "EG", "JO", "LB", "MA"), ("ar", "fr")),
}


class Tenant(Strict):
    """One business."""

    slug: Slug
    name: str
    industry: str
    zone: str = Field(description="IANA zone, such as Australia/Perth.")
    currency: Currency
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    phone_calling_code: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")] | None = Field(
        default=None, description="Not needed: numbers are read as those of the country."
    )
    phone_trunk_prefix: Annotated[str, StringConstraints(pattern=r"^[0-9]?$")] = Field(
        default="", description="Not needed: numbers are read as those of the country."
    )
    decimal_mark: Literal[".", ","] | None = Field(
        default=None, description="What its systems write before decimals, where that is not the country's way."
    )
    email: Email
    phone: E164Phone | None = Field(default=None, description="E.164, such as +16135550100.")
    hours: dict[Weekday, tuple[OpenHours, ...]]
    all_day_time: LocalTime = Field(
        default=time(9),
        description="What reminders of an appointment without a time of day count from, such as 09:00.",
    )
    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    surcharges: tuple[Surcharge, ...] = ()
    tax_rate_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    plan: Literal["starter", "pro", "teams"] | None = None
    pipelines: Annotated[tuple[Pipeline, ...], Field(min_length=1)]
    warmness: Warmness = Warmness()
    priority: Priority = Priority()
    sources: tuple[Source, ...]
    identity: tuple[IdentityRule, ...] = Field(
        default=DEFAULT_IDENTITY_RULES,
        description="Adds to the rules that every business has; {replace: true, rules: [...]} takes their place.",
    )
    opt_out: OptOut = OptOut()
    endpoints: tuple[Endpoint, ...] = ()
    sms_prices: SmsPrices | None = None
    templates: Templates = Templates()
    rules: tuple[Rule, ...] = ()
    delivery: Delivery = Delivery()
    attribution: Attribution = Attribution()
    reports: ReportSettings = ReportSettings()
    alerts: AlertSettings = AlertSettings()

    #: Its numbers and addresses in what is left out of a wrong file: they stay its own, and no customer's.
    _numbers_left_out: tuple[str, ...] = PrivateAttr(())
    _addresses_left_out: tuple[str, ...] = PrivateAttr(())

    def _keep_own_addresses(self, content: Mapping[str, object], *, left_out: Collection[str]) -> None:
        delivery = content.get("delivery") if "delivery" in left_out else None
        sections = delivery if isinstance(delivery, dict) else {}
        sms, mail = (sections.get(name) for name in ("sms", "email"))
        numbers = [content.get("phone") if "phone" in left_out else None, *_senders(sms)]
        self._numbers_left_out = tuple(each for each in numbers if isinstance(each, str))
        self._addresses_left_out = tuple(each for each in _senders(mail) if isinstance(each, str))

    @property
    def written_decimal_mark(self) -> str:
        """What its systems write before decimals."""
        return self.decimal_mark or decimal_mark_of(self.country)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{zone!r} is no IANA zone; write one such as Australia/Perth") from error
        return zone

    @field_validator("country")
    @classmethod
    def _country_has_numbers(cls, country: str) -> str:
        if country not in SUPPORTED_REGIONS:
            raise ValueError(f"{country!r} is no country with phone numbers of its own; write one such as AU")
        return country

    @field_validator("identity", mode="before")
    @classmethod
    def _add_to_defaults(cls, given: object) -> object:
        if isinstance(given, dict):
            unknown = sorted(set(given) - {"replace", "rules"})
            if unknown or given.get("replace") is not True or not isinstance(given.get("rules"), list):
                raise ValueError("write a list of rules, or {replace: true, rules: [...]} with all there are to be")
            return given["rules"]
        if not isinstance(given, list):
            return given
        own = {rule.get("identifier") for rule in given if isinstance(rule, dict)}
        return [*(rule for rule in DEFAULT_IDENTITY_RULES if rule.identifier not in own), *given]

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Tenant:
        _refuse_repeats("services", [service.key for service in self.services])
        _refuse_repeats("pipelines", [pipeline.key for pipeline in self.pipelines])
        _refuse_repeats("sources", [source.name for source in self.sources])
        _refuse_repeats("endpoints", [endpoint.key for endpoint in self.endpoints])
        _refuse_repeats("identity", [rule.identifier for rule in self.identity])
        for pipeline in self.pipelines:
            _refuse_repeats(f"pipelines.{pipeline.key}.stages", [stage.key for stage in pipeline.stages])
        refuse_unknown_stages(self.pipelines)
        _refuse_repeats("reports.recipients", list(self.reports.recipients))
        if self.reports.recipients and self.delivery.email is None:
            raise ValueError("reports.recipients: nobody sends e-mails here; set delivery.email, or remove them")
        _refuse_repeats("alerts.email", list(self.alerts.email))
        if self.alerts.email and self.delivery.email is None:
            raise ValueError("alerts.email: nobody sends e-mails here; set delivery.email, or remove them")
        if self.alerts.endpoint is not None and self.alerts.endpoint not in {each.key for each in self.endpoints}:
            raise ValueError(f"alerts.endpoint: {self.alerts.endpoint!r} is no key of endpoints; add it there")
        if sum(rule.use == "strong" for rule in self.identity) > 1:
            raise ValueError("identity: only one identifier can be strong; make the others link")
        return self

    def find_source(self, name: str) -> Source | None:
        """Return the source of that name, None where this tenant has none."""
        return next((source for source in self.sources if source.name == name), None)

    def spoken_languages(self) -> tuple[str, ...]:
        """Return the languages whose words of consent are understood."""
        return self.opt_out.languages or _LANGUAGES_OF.get(self.country, ("en",))

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

    def all_templates(self) -> Templates:
        """Return the templates that its rules can use: its own over the shared ones."""
        return self.templates.over(DEFAULT_TEMPLATES)

    def render_text(
        self, source: str, variables: Mapping[str, Any], *, now: datetime | None = None, phone: str | None = None
    ) -> str:
        """Return a template's words with a command's variables (contact, booking, fact) and this business's own.

        now: when they are read, aware; None: at this moment. phone: who reads them is where that number is.
        Raises TemplateRenderError where a value that is shown is missing.
        """
        business = {"name": self.name, "email": self.email, "phone": self.phone}
        zones = zones_of(phone, self.zone) if phone else (self.zone,)
        reading = Reading(now=now or SystemClock().now(), zones=tuple(map(ZoneInfo, zones)))
        return render(
            source, variables={**variables, "business": business}, zone=ZoneInfo(self.zone), reading=reading
        )


#: What facts are read by: where one of these is wrong its default would give other facts, so nothing is read.
_OF_FACTS = frozenset(
    {"decimal_mark", "opt_out", "all_day_time", "identity", "phone_calling_code", "phone_trunk_prefix"}
)
#: What a business can be served without, for as long as it is wrong in its file.
_OPTIONAL = frozenset(name for name, field in Tenant.model_fields.items() if not field.is_required()) - _OF_FACTS
_FIRST_KEY = re.compile(r"(?:Value error, )?([a-z_]+)[.:]")


class _UniqueKeyLoader(BoundedLoader):
    """Refuses a key given twice, of which plain YAML silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping; raises MarkedYAMLError where a key is given twice."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} is given twice; keep one of each", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


class TenantFiles(NamedTuple):
    """What a folder of tenants' files holds."""

    tenants: dict[str, Tenant]  #: by slug, in the order of the slugs; those whose file is wrong without its rules
    wrong: dict[str, str]  #: what is wrong with the files that are, by slug: file, key and remedy


def load_tenants(folder: Path) -> dict[str, Tenant]:
    """Return the tenants of a folder; see read_tenants."""
    return read_tenants(folder).tenants


def read_tenants(folder: Path) -> TenantFiles:
    """Read every *.yaml of the folder.

    A file that is wrong stops its own business's rules, and what is wrong is left out; where what facts are read by
    is wrong, it stops that business. It never stops another. Raises ConfigurationError where no file can be used.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigurationError(f"{folder}: no tenant files; put one <slug>.yaml per business there")
    found = {file: _load_what_can_be(file) for file in files}
    tenants = {tenant.slug: tenant for tenant, _ in found.values() if tenant is not None}
    wrong = {file.stem: problem for file, (_, problem) in found.items() if problem}
    if not tenants:
        raise ConfigurationError("\n".join(wrong.values()))
    for slug, problem in wrong.items():
        what = "its rules are" if slug in tenants else "all of it is"
        _logger.error("the file of %s is wrong; %s set aside: %s", slug, what, problem)
    return TenantFiles(tenants, wrong)


def _load_what_can_be(file: Path) -> tuple[Tenant | None, str]:
    """Return the tenant of a file and what is wrong; where something is without its rules, or None."""
    try:
        return load_tenant(file), ""
    except ConfigurationError as error:
        problem = error.detail
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None, problem
    if not isinstance(content, dict):
        return None, problem
    # The rules in any case: nothing acts by a file that is wrong. Else what is wrong alone.
    left_out = {"rules"}
    while True:
        try:
            tenant = Tenant.model_validate({key: value for key, value in content.items() if key not in left_out})
        except ValidationError as error:
            wrong = _keys_of(error)
            if not wrong <= _OPTIONAL - left_out:
                return None, problem
            left_out |= wrong
            continue
        tenant._keep_own_addresses(content, left_out=left_out)
        return (tenant, problem) if tenant.slug == file.stem else (None, problem)


def _keys_of(error: ValidationError) -> set[str]:
    """Return the keys of the file that are wrong; an empty one where that can't be told."""
    keys = set()
    for problem in error.errors(include_url=False):
        first = _FIRST_KEY.match(problem["msg"])
        keys.add(str(problem["loc"][0]) if problem["loc"] else first[1] if first else "")
    return keys


def load_tenant(file: Path) -> Tenant:
    """Read one tenant's file, named by its slug. Raises ConfigurationError that names file, key and remedy."""
    tenant = read_tenant(file)
    if tenant.slug != file.stem:
        raise ConfigurationError(
            f"{file}: slug: is {tenant.slug!r}; rename the file or set the slug to {file.stem!r}"
        )
    return tenant


def read_tenant(file: Path) -> Tenant:
    """Read a tenant's file of any name, such as a draft. Raises ConfigurationError as load_tenant does."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file}: not readable: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not readable as text: {error}; save it as UTF-8") from error
    return parse_tenant(text, file=file)


def parse_tenant(text: str, *, file: Path) -> Tenant:
    """Return the tenant that a file's text describes; `file` is what errors name. Raises ConfigurationError."""
    try:
        loader = _UniqueKeyLoader(text)
        root = loader.get_single_node()
        if root is not None:
            refuse_huge(root)
        content = None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file}: not readable as YAML: {error}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{file}: not readable as YAML: it is nested too deeply") from error
    except (ValueError, OverflowError, TypeError) as error:  # such as a day that no month has, or 5,000 digits
        raise ConfigurationError(f"{file}: a value is not readable: {error}; put it in quotes") from error
    if root is None or not isinstance(content, dict):
        raise ConfigurationError(f"{file}: must be a mapping of keys such as slug, name, zone")
    try:
        tenant = Tenant.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(file, root, error))) from error
    problems = [
        _tell(file, root, problem.path, problem.message) for problem in find_problems(tenant.rules, _of(tenant))
    ]
    if problems:
        raise ConfigurationError("\n".join(problems))
    return tenant


def _senders(section: object) -> list[object]:
    return [section.get("from")] if isinstance(section, dict) else []


def _refuse_repeats(key: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{key}: given twice: {', '.join(repeated)}; keep one of each")


def _of(tenant: Tenant) -> Surroundings:
    return Surroundings(
        templates=tenant.all_templates(),
        sources=tuple(source.name for source in tenant.sources),
        endpoints=tuple(endpoint.key for endpoint in tenant.endpoints),
    )


def _explain(file: Path, root: yaml.Node, error: ValidationError) -> Iterator[str]:
    # The input of a wrong secret name may be the secret itself: it is never repeated.
    for problem in error.errors(include_url=False):
        is_secret = bool({"secrets", "secret"} & set(problem["loc"]))
        yield _tell(file, root, problem["loc"], _remedy(problem, is_secret=is_secret))


def _tell(file: Path, root: yaml.Node, path: tuple[str | int, ...], message: str) -> str:
    key = ".".join(str(part) for part in path) or "(file)"
    return f"{file}: {key}: {message} (line {line_of(root, path)})"


def _remedy(problem: Any, *, is_secret: bool) -> str:
    kind, given, message = problem["type"], problem["input"], validation_message(problem)
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        return "is not a known key; remove it or correct its spelling"
    if is_secret:
        return f"{message}; write names, such as STRIPE_API_KEY, and keep the secrets themselves in the environment"
    if isinstance(given, dict):
        return message
    remedies = {
        "literal_error": "use one of {expected}",
        "string_pattern_mismatch": "write it in the form {pattern}",
        "string_type": "write it as text, in quotes",
    }
    context = problem.get("ctx", {})
    return f"is {given!r}; " + (remedies[kind].format(**context) if kind in remedies else message)
