"""The mapping file: which events each row of an export becomes and from which columns, and how the file is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from phonenumbers import SUPPORTED_REGIONS
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from frontdesk.core.errors import ImportFileError, validation_message
from frontdesk.core.tenant.fields import Slug
from frontdesk.core.tenant.yaml_places import line_of
from frontdesk.core.values import Currency
from frontdesk.domains.imports.cell_values import ISO, UNIX, UNIX_MS, Ambiguous, DateOrder
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.imports.templates import Template

FieldType = Literal[
    "text", "phone", "email", "datetime", "date", "money", "currency", "integer", "decimal", "boolean"
]
#: The options that only some types understand.
_OPTION_TYPES: dict[str, tuple[FieldType, ...]] = {
    "format": ("datetime", "date"),
    "date_order": ("datetime", "date"),
    "zone": ("datetime",),
    "ambiguous": ("datetime",),
    "plus": ("datetime",),
    "currency": ("money",),
    "negative": ("money",),
    "running_total_per": ("money",),
    "decimal_mark": ("money", "integer", "decimal"),
    "region": ("phone",),
}
_FAMILIES = {type_.partition(".")[0] for type_ in CANONICAL_PAYLOADS}
#: What a word that a type's map lacks can mean.
SKIP, REFUSE = "skip", "refuse"


def _as_key(key: str) -> Any:
    """Let a plain text stand for a mapping of one key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def _check_template(text: str) -> str:
    Template(text)
    return text


def _check_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError("no known text encoding; write one such as utf-8, cp1252 or utf-16") from error
    return "utf-8-sig" if name.lower().replace("_", "-") in ("utf-8", "utf8") else name


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA zone; write one such as Australia/Perth") from error
    return name


def _check_region(region: str) -> str:
    if region not in SUPPORTED_REGIONS:
        raise ValueError(f"{region!r} is no country; write two capital letters such as AU")
    return region


def _check_format(pattern: str) -> str:
    if pattern in (ISO, UNIX, UNIX_MS):
        return pattern
    if "%" not in pattern:
        raise ValueError(f"{pattern!r} is no format; write iso, unix, unix_ms or a pattern such as %d/%m/%Y %H:%M")
    if "%Z" in pattern:
        raise ValueError("%Z reads a zone's name and forgets it; leave it out and name the zone under zone")
    return pattern


def _check_type(type_: str) -> str:
    if type_ in (SKIP, REFUSE) or type_ in CANONICAL_PAYLOADS:
        return type_
    family = type_.partition(".")[0]
    if family in _FAMILIES:
        known = ", ".join(sorted(name for name in CANONICAL_PAYLOADS if name.startswith(f"{family}.")))
        raise ValueError(f"{type_!r} is not one of {known}")
    if not re.fullmatch(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+", type_):
        raise ValueError(f"{type_!r} is no type; write words joined by points, such as booking.created")
    return type_


def _check_not_empty(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise ValueError("is an empty list; give at least one")
    return values


NonEmpty = Annotated[str, StringConstraints(min_length=1)]
TemplateText = Annotated[NonEmpty, AfterValidator(_check_template)]
Zone = Annotated[str, AfterValidator(_check_zone)]
Region = Annotated[str, AfterValidator(_check_region)]
Format = Annotated[str, AfterValidator(_check_format)]
EventType = Annotated[str, AfterValidator(_check_type)]
DecimalMark = Literal[".", ","]
Columns = Annotated[
    tuple[NonEmpty, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    AfterValidator(_check_not_empty),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileOptions(_Strict):
    """How the file is written."""

    encoding: Annotated[str, AfterValidator(_check_encoding)] = "utf-8-sig"
    delimiter: Literal[",", ";", "tab", "|"] = ","
    quote: Literal['"', "'"] = '"'
    decimal_mark: DecimalMark = "."
    date_order: DateOrder | None = Field(default=None, description="How dates such as 3/4/2025 are meant.")
    skip_lines: Annotated[int, Field(ge=0)] = Field(default=0, description="Lines above the header.")
    empty_values: tuple[str, ...] = Field(default=(), description='Texts that mean an empty cell, such as "N/A".')


class Defaults(_Strict):
    """What holds if a field says nothing else; the tenant's own zone, currency and country if left out."""

    zone: Zone | None = None
    currency: Currency | None = None
    region: Region | None = None


class Condition(_Strict):
    """A test of one column; texts are compared without regard to case."""

    column: NonEmpty
    equals: str | None = None
    not_equals: str | None = None
    one_of: Annotated[tuple[str, ...] | None, Field(alias="in")] = None
    none_of: Annotated[tuple[str, ...] | None, Field(alias="not_in")] = None
    empty: bool | None = None
    less_than: Decimal | None = None
    at_most: Decimal | None = None
    greater_than: Decimal | None = None
    at_least: Decimal | None = None

    @model_validator(mode="after")
    def _has_one_test(self) -> Condition:
        if len(self.model_fields_set - {"column"}) != 1:
            names = [field.alias or name for name, field in type(self).model_fields.items() if name != "column"]
            raise ValueError(f"give exactly one of {', '.join(names)}")
        return self


class Operand(_Strict):
    """A number in a sum or product: a column's, or always the same."""

    column: NonEmpty | None = None
    constant: Annotated[str, StringConstraints(pattern=r"^-?\d+(\.\d+)?$")] | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> Operand:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either column or constant")
        return self


Operands = Annotated[
    tuple[Annotated[Operand, _as_key("column")], ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, (str, dict)) else value),
    AfterValidator(_check_not_empty),
]


class LookUp(_Strict):
    """What another CSV file says beside a key."""

    column: NonEmpty
    file: NonEmpty = Field(description="Path from the mapping file's folder.")
    key: NonEmpty = Field(description="Its column that has what our column has.")
    value: NonEmpty = Field(description="Its column to take.")
    otherwise: str | None = Field(default=None, description="What a key that it lacks becomes.")
    encoding: Annotated[str, AfterValidator(_check_encoding)] | None = None
    delimiter: Literal[",", ";", "tab", "|"] | None = None


class ColumnRule(_Strict):
    """A column that is computed from others."""

    column: Columns | None = Field(default=None, description="One column, or several: the first not empty counts.")
    sum: Operands | None = None
    minus: Operands | None = Field(default=None, description="Taken off the sum.")
    product: Operands | None = None
    occurrence: Columns | None = Field(default=None, description="How often these columns have had this so far.")
    row_number: Literal["true"] | None = None
    look_up: LookUp | None = None
    round: Annotated[int, Field(ge=0, le=6)] | None = Field(default=None, description="To so many decimals.")
    if_empty: NonEmpty | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> ColumnRule:
        origins = ("column", "sum", "product", "occurrence", "row_number", "look_up")
        if sum(getattr(self, name) is not None for name in origins) != 1:
            raise ValueError(f"give exactly one of {', '.join(origins)}")
        if self.minus is not None and self.sum is None:
            raise ValueError("minus goes with sum: sum: [Gross], minus: [Fee]")
        if self.round is not None and (self.occurrence or self.row_number or self.look_up):
            raise ValueError("round goes with column, sum or product")
        return self


class ZoneRule(_Strict):
    """A zone, or the column that names it."""

    constant: Zone | None = None
    column: NonEmpty | None = None


class CurrencyRule(_Strict):
    """A currency, or the column that names it."""

    constant: Currency | None = None
    column: NonEmpty | None = None


class Duration(_Strict):
    """A length of time from a column, or always the same."""

    column: NonEmpty | None = None
    constant: str | None = None
    unit: Literal["seconds", "minutes", "hours"] = "minutes"

    @model_validator(mode="after")
    def _has_one_origin(self) -> Duration:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either column or constant")
        return self


class FieldRule(_Strict):
    """Where a value comes from, and how its text is read."""

    column: Columns | None = Field(default=None, description="One column, or several: the first not empty counts.")
    template: TemplateText | None = None
    constant: str | None = None
    type: FieldType = "text"
    map: dict[str, str] | None = Field(default=None, description="The file's words to ours, case ignored.")
    otherwise: str | None = Field(default=None, description="What a word that map lacks becomes.")
    required: bool = Field(default=False, description="Refuse the row where there is no value.")
    if_empty: NonEmpty | None = Field(default=None, description="What an empty cell is read as.")
    if_invalid: Literal["refuse", "keep", "drop"] = "refuse"
    format: Annotated[
        tuple[Format, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
    ] = (ISO,)
    date_order: DateOrder | None = None
    zone: Annotated[ZoneRule | None, _as_key("constant")] = None
    ambiguous: Ambiguous = "first"
    plus: Annotated[Duration | None, _as_key("column")] = None
    currency: Annotated[CurrencyRule | None, _as_key("constant")] = None
    negative: Literal["refuse", "absolute", "keep"] = "refuse"
    running_total_per: TemplateText | None = None
    decimal_mark: DecimalMark | None = None
    region: Region | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> FieldRule:
        if sum(origin is not None for origin in (self.column, self.template, self.constant)) != 1:
            raise ValueError("give exactly one of column, template, constant")
        for option, types in _OPTION_TYPES.items():
            if option in self.model_fields_set and self.type not in types:
                raise ValueError(f"{option} is for type {' or '.join(types)}, this one is {self.type}")
        if self.if_invalid == "keep" and self.type not in ("phone", "email"):
            raise ValueError("if_invalid: keep is for type phone or email; the others are refused or dropped")
        if self.otherwise is not None and self.map is None:
            raise ValueError("otherwise needs a map")
        if self.required and self.if_empty is not None:
            raise ValueError("required and if_empty contradict one another; keep one")
        return self


class TypeRule(_Strict):
    """The event's type: always the same, or by a column's words."""

    constant: EventType | None = None
    column: NonEmpty | None = None
    map: dict[str, EventType] = Field(default_factory=dict)
    otherwise: EventType = REFUSE

    @model_validator(mode="after")
    def _has_one_origin(self) -> TypeRule:
        if (self.constant is None) == (self.column is None):
            raise ValueError("give a type, or a column with a map")
        if self.column is not None and not self.map:
            raise ValueError("a type from a column needs a map of its words to types")
        if self.constant in (SKIP, REFUSE):
            raise ValueError("skip and refuse are for otherwise; use when to leave rows out")
        return self

    @property
    def possible(self) -> frozenset[str]:
        """Every type that can come out."""
        types = {self.constant, self.otherwise, *self.map.values()} - {None, SKIP, REFUSE}
        return frozenset(str(type_) for type_ in types)


def _as_datetime(value: Any) -> Any:
    rule = {"column": value} if isinstance(value, str) else value
    return {"type": "datetime"} | rule if isinstance(rule, dict) else rule


FieldRules = dict[
    Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$")],
    Annotated[FieldRule, _as_key("column")],
]


class TaxRule(FieldRule):
    """Where a tax's amount comes from, and its rate if the file has it."""

    type: FieldType = "money"
    rate: Annotated[FieldRule | None, _as_key("column")] = Field(default=None, description="In per cent.")

    @model_validator(mode="after")
    def _is_money(self) -> TaxRule:
        if self.type != "money":
            raise ValueError("a tax is always of type money; leave its type out")
        return self


TaxRules = dict[
    Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)],
    Annotated[TaxRule, _as_key("column")],
]


class LineRule(_Strict):
    """One line of a receipt that a row can have."""

    fields: FieldRules = Field(default_factory=dict)
    taxes: TaxRules = Field(default_factory=dict)


def _as_line(value: Any) -> Any:
    """Let the fields of a line stand for the line, with its taxes among them."""
    if not isinstance(value, dict):
        return value
    return {"fields": {key: rule for key, rule in value.items() if key != "taxes"}, "taxes": value.get("taxes", {})}


Lines = Annotated[
    tuple[Annotated[LineRule, BeforeValidator(_as_line)], ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, dict) else value),
]


class EventRule(_Strict):
    """One event that a row can become."""

    type: Annotated[TypeRule, _as_key("constant")]
    when: Annotated[
        tuple[Condition, ...], BeforeValidator(lambda value: (value,) if isinstance(value, dict) else value)
    ] = ()
    source_event_id: TemplateText
    subject_id: TemplateText | None = None
    occurred_at: Annotated[FieldRule, BeforeValidator(_as_datetime)]
    fields: FieldRules = Field(default_factory=dict)
    taxes: TaxRules = Field(default_factory=dict, description="Taxes of a payment, by their names.")
    lines: Lines = Field(default=(), description="Lines of a receipt, of which a row can have several.")
    contact_without_identifier: Literal["refuse", "drop"] = "refuse"

    @model_validator(mode="after")
    def _is_consistent(self) -> EventRule:
        if self.occurred_at.type != "datetime":
            raise ValueError("occurred_at is always of type datetime; leave its type out")
        if "{" not in self.source_event_id:
            raise ValueError("source_event_id needs a column in braces, or every row would have the same id")
        return self


class ImportMapping(_Strict):
    """A whole mapping file."""

    tenant: Slug | None = None
    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
    file: FileOptions = FileOptions()
    system: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")] | None = Field(
        default=None, description="The business system that contact.external_id is an id of; the source if left out."
    )
    defaults: Defaults = Defaults()
    columns: dict[NonEmpty, ColumnRule] = Field(default_factory=dict, description="Columns computed from others.")
    fields: FieldRules = Field(default_factory=dict, description="Fields that every event gets.")
    events: Annotated[tuple[EventRule, ...], AfterValidator(_check_not_empty)]

    def fields_of(self, event: EventRule) -> dict[str, FieldRule]:
        """Return the event's fields with the shared ones; those of taxes and lines by their place: lines.0.staff."""
        listed = dict(_tax_fields("taxes", event.taxes))
        for place, line in enumerate(event.lines):
            listed |= {f"lines.{place}.{path}": rule for path, rule in line.fields.items()}
            listed |= dict(_tax_fields(f"lines.{place}.taxes", line.taxes))
        return self.fields | event.fields | listed


def _tax_fields(parent: str, taxes: TaxRules) -> Iterator[tuple[str, FieldRule]]:
    for place, (name, rule) in enumerate(taxes.items()):
        yield f"{parent}.{place}.name", FieldRule(constant=name)
        yield f"{parent}.{place}.amount_minor", rule
        if rule.rate is not None:
            yield f"{parent}.{place}.rate", rule.rate.model_copy(update={"type": "decimal"})


class _TextLoader(yaml.SafeLoader):
    """Reads every scalar as text: `No: declined` has the key "No", and 0412 stays a text with its zero."""

    # Only the merge key "<<" keeps its meaning, so that anchors can be shared among events.
    yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}  # noqa: RUF012 - as PyYAML declares it

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key given twice; plain YAML would silently take the last."""
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        repeated = sorted({str(key) for key in keys if keys.count(key) > 1})
        if repeated:
            raise yaml.MarkedYAMLError(
                problem=f"the key {repeated[0]!r} is given twice; keep one", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


def load_mapping(file: Path) -> ImportMapping:
    """Read a mapping file. Raises ImportFileError, one line per mistake: file, key, what to do."""
    try:
        root, content = _load_yaml(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ImportFileError(f"{file}: not readable: {error.strerror}; check the path") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ImportFileError(f"{file}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ImportFileError(f"{file}: must be a mapping with the keys source and events; see docs/importing.md")
    try:
        return ImportMapping.model_validate(content)
    except ValidationError as error:
        raise ImportFileError("\n".join(_explain(file, error, root))) from error


def _load_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    loader = _TextLoader(text)
    try:
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root is not None else None
    finally:
        loader.dispose()


def _explain(file: Path, error: ValidationError, root: yaml.Node | None) -> Iterator[str]:
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(file)"
        line = f" (line {line_of(root, problem['loc'])})" if root is not None else ""
        yield f"{file}: {key}: {_remedy(problem)}{line}"


def _remedy(problem: Any) -> str:
    message = validation_message(problem)
    match problem["type"]:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden":
            return "is not a known key; remove it or correct its spelling (docs/importing.md lists them)"
        case "literal_error":
            return f"is {problem['input']!r}; use one of {problem['ctx']['expected']}"
        case "value_error":
            return message
        case _:
            return f"is {problem['input']!r}: {message}" if isinstance(problem["input"], str) else message
