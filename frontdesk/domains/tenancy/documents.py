"""Writes a business's document as people write its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from frontdesk.domains.tenancy.tenant import Tenant

#: What tells people which thing this is comes first; the log keeps keys by the alphabet.
_FIRST: Final = ("key", "id", "name", "when", "if", "do")
_WIDTH: Final = 118


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _write_text)


def document_text(document: Mapping[str, object]) -> str:
    """Return a document as YAML, in the order of the language's keys; read again it is the same document."""
    known = [field.alias or name for name, field in Tenant.model_fields.items()]
    ordered = {key: _ordered(document[key]) for key in known if key in document}
    ordered |= {key: _ordered(value) for key, value in document.items() if key not in ordered}
    text: str = yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        first = [key for key in _FIRST if key in value]
        return {key: _ordered(value[key]) for key in [*first, *(key for key in value if key not in first)]}
    if isinstance(value, list):
        return [_ordered(each) for each in value]
    return value
