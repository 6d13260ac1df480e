"""Checks a mapping before the first row: against the file's header, and against what each fact needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from frontdesk.core.errors import ImportFileError
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.imports.computed_columns import columns_of as columns_of_computed
from frontdesk.domains.imports.fields import columns_of
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.imports.mapping import EventRule, ImportMapping
from frontdesk.domains.imports.row_mapper import sibling_currency
from frontdesk.domains.imports.templates import Template

_IDENTIFIERS = ("contact.external_id", "contact.phone", "contact.email")


def check_mapping(mapping: ImportMapping, *, mapping_file: Path) -> list[str]:
    """Return notes on fields whose names look mistyped.

    Raises ImportFileError if an event could never be valid because a field that its type needs is not mapped.
    """
    mistakes: list[str] = []
    notes: list[str] = []
    for place, event in enumerate(mapping.events):
        paths = [*mapping.fields_of(event), *_written_currencies(mapping, event)]
        for type_ in sorted(event.type.possible):
            mistakes += [
                f"{mapping_file}: events.{place}.fields: {problem}" for problem in _find_missing(type_, paths, event)
            ]
            notes += [f"{mapping_file}: events.{place}.fields: {note}" for note in _find_mistyped(type_, paths)]
    if mistakes:
        raise ImportFileError("\n".join(mistakes))
    if mapping.system is None and any("contact.external_id" in mapping.fields_of(event) for event in mapping.events):
        notes.append(
            f"{mapping_file}: contact.external_id without system: these ids meet only those of source "
            f"{mapping.source!r}; where other files are of the same business system, say system: NAME in the mapping "
            "of each"
        )
    return list(dict.fromkeys(notes))


def check_columns(mapping: ImportMapping, *, header: Sequence[str], file: Path) -> None:
    """Raise ImportFileError, naming what the header has instead, if the mapping reads a column it has not."""
    clashes = sorted(set(mapping.columns) & set(header))
    if clashes:
        raise ImportFileError(
            f"{file}: the header has a column {clashes[0]!r}; give columns.{clashes[0]} another name"
        )
    missing = sorted(_columns_read(mapping) - set(header))
    if not missing:
        return
    lines = [f"{file}: the header has no column {name!r}{_suggest(name, header)}" for name in missing]
    lines.append(f"{file}: its columns are: {', '.join(header)}")
    if len(header) == 1:
        lines.append(f"{file}: there is only one; is file.delimiter right?")
    raise ImportFileError("\n".join(lines))


def _columns_read(mapping: ImportMapping) -> set[str]:
    columns: set[str] = set()
    for event in mapping.events:
        columns.update(condition.column for condition in event.when)
        columns.update([event.type.column] if event.type.column else [])
        columns.update(Template(event.source_event_id).columns)
        columns.update(Template(event.subject_id).columns if event.subject_id else ())
        for rule in (event.occurred_at, *mapping.fields_of(event).values()):
            columns.update(columns_of(rule))
    columns -= mapping.columns.keys()
    above: set[str] = set()
    for name, computed in mapping.columns.items():
        columns.update(set(columns_of_computed(computed)) - above)
        above.add(name)
    return columns


def _written_currencies(mapping: ImportMapping, event: EventRule) -> Iterator[str]:
    for path, rule in mapping.fields_of(event).items():
        if rule.type == "money":
            yield sibling_currency(path)


def _find_missing(type_: str, paths: Sequence[str], event: EventRule) -> Iterator[str]:
    model = CANONICAL_PAYLOADS.get(type_)
    if model is None:
        return
    tops = {path.partition(".")[0] for path in paths}
    for name, field in model.model_fields.items():
        if field.is_required() and name not in tops:
            shown = "contact.phone, contact.email or contact.external_id" if name == "contact" else name
            yield f"{type_} needs {shown}; map it"
    if "contact" in tops and not set(paths) & set(_IDENTIFIERS) and event.contact_without_identifier == "refuse":
        yield f"{type_}: a contact needs {', '.join(_IDENTIFIERS)}: at least one; map it"


def _find_mistyped(type_: str, paths: Sequence[str]) -> Iterator[str]:
    model = CANONICAL_PAYLOADS.get(type_)
    if model is None:
        return
    for path in dict.fromkeys(paths):
        parent, _, name = path.rpartition(".")
        known = {"": model.model_fields, "contact": ContactPayload.model_fields}.get(parent)
        if known is not None and name not in known and (close := get_close_matches(name, known, n=1, cutoff=0.75)):
            yield f"{path} is no field of {type_} and is kept as an extra; did you mean {close[0]}?"


def _suggest(name: str, header: Sequence[str]) -> str:
    by_case = {other.casefold(): other for other in header}
    close = get_close_matches(name.casefold(), by_case, n=1)
    return f"; did you mean {by_case[close[0]]!r}?" if close else ""
