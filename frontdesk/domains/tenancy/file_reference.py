"""Writes docs/tenant-file.md: every key of a business's file, from the language itself.

`python -m frontdesk.domains.tenancy.file_reference` writes it; a test compares. Examples are taken from the shipped
files where a key is used there, else from what the key declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import yaml
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from frontdesk.core.durations import format_duration
from frontdesk.core.tenant.files import content_of
from frontdesk.domains.tenancy.tenant import Tenant

DOCUMENT: Final = Path("docs", "tenant-file.md")
TENANTS: Final = Path("tenants")
_LONGEST_EXAMPLE: Final = 90
_HEAD = """# A business's file

Every key of `tenants/<slug>.yaml`, written from the language itself by
`python -m frontdesk.domains.tenancy.file_reference`: change nothing here. `frontdesk tenant init` writes a first
file, `frontdesk tenant check FILE` says what is wrong with one ([add a business](how-to/add-a-business.md)). What
rules mean is in [rules](rules.md), what settings are for in [configuration](configuration.md). A key that is not
listed is refused.
"""
#: Forms of texts in people's words.
_FORMS: Final[Mapping[str, str]] = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "short name: small letters, digits, hyphens",
    r"^[a-z0-9]+(_[a-z0-9]+)*$": "key: small letters, digits, underscores",
    r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$": "name of a secret, in capitals",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$": "e-mail address",
    r"^\+[1-9][0-9]{6,14}$": 'phone number in quotes, such as "+16135550100"',
    r"^[A-Z]{3}$": "three capitals",
    r"^[A-Z]{2}$": "two capitals",
    r"^[A-Z0-9]{1,3}$": "up to 3 capitals or digits",
    r"^[A-Za-z0-9]{3,11}$": "3 to 11 letters or digits",
    r"^[1-9][0-9]{0,2}$": "1 to 3 digits in quotes",
    r"^[0-9]?$": "a digit in quotes, or nothing",
    r"^\+[1-9][0-9]{0,6}$": 'beginning of a phone number in quotes, such as "+1"',
    r"^[a-z0-9]+(_[a-z0-9]+)*(\.[a-z0-9]+(_[a-z0-9]+)*)?$": "key of a stage, or pipeline.stage",
    r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s]+$": "address that begins with https://",
    r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$": "name of a server",
    r"^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$": "scheme and name, such as https://www.hmnp.example",
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$": "name of a host",
    r"^#[0-9a-f]{6}$": 'colour in quotes, such as "#1f4e79"',
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$": "letters, digits, hyphens, underscores",
}
_PLAIN: Final[Mapping[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    Decimal: "number",
    bool: "true or false",
    date: "day, such as 2026-12-24",
    time: 'time of day in quotes, such as "17:00"',
    timedelta: "duration, such as 4h",
    Any: "any value",
    type(None): "nothing",
}

_Examples = dict[tuple[type[BaseModel], str], object]


def file_reference(folder: Path) -> str:
    """Return the document as Markdown; `folder` has the files that examples are taken from."""
    examples: _Examples = {}
    for file in sorted(folder.glob("*.yaml")):
        _collect(Tenant, content_of(file), examples)
    parts = [_HEAD]
    for model in _models_of(Tenant):
        parts += _section(model, examples)
    return "".join(parts)


def _models_of(first: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a model and those of its keys, each once and behind what names it first."""
    found: dict[type[BaseModel], None] = {}

    def visit(model: type[BaseModel]) -> None:
        if model not in found:
            found[model] = None
            for field in model.model_fields.values():
                for each in _nested(field.annotation):
                    visit(each)

    visit(first)
    return list(found)


def _nested(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _nested(part)


def _section(model: type[BaseModel], examples: _Examples) -> Iterator[str]:
    title = "The file" if model is Tenant else _title(model)
    yield f"\n## {title}\n\n"
    if model is not Tenant:
        yield f"{_first_line(model)}\n\n"
    yield "| Key | Type | Needed | What it is | Example |\n|---|---|---|---|---|\n"
    for name, field in model.model_fields.items():
        key = field.alias or name
        example = _example(model, name, field, examples)
        row = (f"`{key}`", _type_words(field), _needed(field), _description(field), example)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n"


def _title(model: type[BaseModel]) -> str:
    """Return a model's name as words: SmsDelivery is 'Sms delivery'."""
    words = re.findall(r"[A-Z][a-z]*", model.__name__)
    return " ".join([words[0], *(word.lower() for word in words[1:])])


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _description(field: FieldInfo) -> str:
    if field.description:
        return field.description
    models = list(dict.fromkeys(_nested(field.annotation)))
    return _first_line(models[0]) if models else ""


def _needed(field: FieldInfo) -> str:
    if field.is_required():
        return "yes"
    default = _default(field)
    return "no" if default is None or list(_nested(field.annotation)) else f"no; `{_as_yaml(default)}`"


def _default(field: FieldInfo) -> Any:
    """Return what holds where a key is left out, as a file has it; None if that is nothing."""
    default = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg] # takes none
    return None if default in (None, PydanticUndefined, "", (), {}, timedelta(0)) else _plain(default)


def _plain(value: Any) -> Any:
    """Return a value as a file has it."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.value if isinstance(value, Enum) else value


def _as_yaml(value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n...\n").strip()


def _type_words(field: FieldInfo) -> str:
    return _words(field.annotation, field.metadata)


def _words(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(parts[0], [*parts[1:], *metadata])
    if origin in (Union, UnionType):
        given = [part for part in parts if part is not type(None)]
        return " or ".join(dict.fromkeys(_words(part, metadata) for part in given))
    if origin is Literal:
        return f"one of {', '.join(f'`{part}`' for part in parts)}"
    if origin is tuple:
        return _list_words(parts, metadata)
    if origin is dict:
        return f"for each {_words(parts[0])}: {_words(parts[1])}"
    return _plain_words(annotation, metadata)


def _list_words(parts: Sequence[Any], metadata: Sequence[Any]) -> str:
    if len(parts) > 1 and parts[1] is not ...:
        return f"list of {len(parts)}: {', '.join(_words(part) for part in parts)}"
    bounds = [each.min_length for each in metadata if isinstance(each, MinLen)]
    at_least = f", {bounds[0]} or more" if bounds and bounds[0] else ""
    return f"list of {_words(parts[0])}{at_least}"


def _plain_words(annotation: Any, metadata: Sequence[Any]) -> str:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        title = _title(annotation)
        return f"[{title}](#{title.lower().replace(' ', '-')})"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return f"one of {', '.join(f'`{each.value}`' for each in annotation)}"
    if annotation is str:
        return next(_text_words(metadata), "text")
    return _PLAIN[annotation] + _bounds(metadata)


def _text_words(metadata: Sequence[Any]) -> Iterator[str]:
    flat = [each for part in metadata for each in (part.metadata if isinstance(part, FieldInfo) else [part])]
    for each in flat:
        words = _FORMS.get(str(getattr(each, "pattern", "")))
        if words:
            yield words
        if isinstance(each, AfterValidator) and (names := _names_of(each)):
            yield names
    for each in flat:
        if getattr(each, "pattern", None):
            yield "text of a form"
        elif isinstance(each, StringConstraints | MaxLen) and each.max_length:
            yield f"text of up to {each.max_length} characters"


def _names_of(check: AfterValidator) -> str:
    """Return the names that a check lets in, as it tells them itself; empty if it is no such check."""
    try:
        check.func("")  # type: ignore[call-arg]
    except ValueError as error:
        told = str(error)
        names = re.findall(r"'([^']+)'", told) if told.startswith("use one of ") else []
        return f"one of {', '.join(f'`{name}`' for name in names)}" if names else ""
    return ""


def _bounds(metadata: Sequence[Any]) -> str:
    flat = [each for part in metadata for each in (part.metadata if isinstance(part, FieldInfo) else [part])]
    words = {Ge: "{} or more", Gt: "more than {}", Le: "up to {}", Lt: "less than {}"}
    found = [
        text.format(getattr(each, kind.__name__.lower()))
        for kind, text in words.items()
        for each in flat
        if isinstance(each, kind)
    ]
    return f", {', '.join(found)}" if found else ""


def _collect(model: type[BaseModel], value: object, examples: _Examples) -> None:
    """Keep an example of each key that a part of a file has: the shortest."""
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    if not isinstance(value, Mapping) or not value.keys() <= names.keys():
        return  # a short way of writing it
    for key, each in value.items():
        name = names[key]
        known = examples.get((model, name))
        if known is None or len(_as_yaml(each)) < len(_as_yaml(known)):
            examples[model, name] = each
        for nested in dict.fromkeys(_nested(model.model_fields[name].annotation)):
            for part in _parts_of(each):
                _collect(nested, part, examples)


def _parts_of(value: object) -> Iterator[object]:
    yield value
    if isinstance(value, list):
        for each in value:
            yield from _parts_of(each)
    elif isinstance(value, Mapping):
        yield from (part for each in value.values() for part in (each if isinstance(each, list) else [each]))


def _example(model: type[BaseModel], name: str, field: FieldInfo, examples: _Examples) -> str:
    """Return how a key is used in the shipped files, else as it declares, else with its default."""
    key = field.alias or name
    used = [examples[model, name]] if (model, name) in examples else []
    default = None if list(_nested(field.annotation)) else _default(field)
    for value in [*used, *(field.examples or ()), *([] if default is None else [default])]:
        for shown in (value, _first_of(value)):
            text = _as_yaml({key: shown})[1:-1]
            if len(text) <= _LONGEST_EXAMPLE and "\\n" not in text:
                return f"`{text}`"
    return ""


def _first_of(value: Any) -> Any:
    """Return a list's first entry as a list, and the shortest of keys with values."""
    if isinstance(value, list):
        return value[:1]
    if isinstance(value, Mapping):
        return dict(sorted(value.items(), key=lambda item: len(_as_yaml(item[1])))[:1])
    return value


if __name__ == "__main__":
    DOCUMENT.write_text(file_reference(TENANTS), encoding="utf-8")
