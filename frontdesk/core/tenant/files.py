"""Reads businesses' documents, from YAML files or from the log; what is wrong is told by document, key and remedy.

A document holds the sections of every domain. Who reads it names the shape that it needs, and the keys of other
sections are left unread; `frontdesk.domains.tenancy` reads them all.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar

import yaml
from pydantic import ValidationError

from frontdesk.core.errors import ConfigurationError, validation_message
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.yaml_places import line_of
from frontdesk.core.tenant.yaml_sizes import BoundedLoader, refuse_huge

_logger = logging.getLogger(__name__)
_FIRST_KEY = re.compile(r"(?:Value error, )?([a-z_]+)[.:]")

B = TypeVar("B", bound=Business)
B_co = TypeVar("B_co", bound=Business, covariant=True)


class Problem(NamedTuple):
    """What is wrong at one place of a file."""

    path: tuple[str | int, ...]  #: keys and places in lists
    message: str  #: with the remedy


class Files(NamedTuple, Generic[B_co]):
    """What the documents of several businesses hold."""

    tenants: dict[str, B_co]  #: by slug, in the order of the slugs; of a wrong document, without what is wrong
    wrong: dict[str, str]  #: what is wrong with the documents that are, by slug: document, key and remedy


class FileContent(NamedTuple, Generic[B_co]):
    """What one file holds."""

    content: Mapping[str, object] | None  #: its keys and values; None if it is no document at all
    business: B_co | None  #: without what is wrong; None if nobody can be served by it
    problem: str  #: what is wrong, or empty


def read_as(shape: type[B], content: Mapping[str, object], *, name: str) -> B:
    """Return a business as far as the shape knows it; what other domains need is not looked at.

    name: what errors call the document. Raises ConfigurationError.
    """
    known = {key: value for key, value in content.items() if key in shape.model_fields}
    return _Document(name, known).validate(shape, known)


def content_of(file: Path) -> Mapping[str, object]:
    """Return the keys and values of a file, of which the slug alone is checked. Raises ConfigurationError."""
    content = _Document.parse(str(file), _text_of(file)).content
    if content.get("slug") != file.stem:
        raise ConfigurationError(_other_slug(str(file), content.get("slug"), slug=file.stem))
    return content


class FileReader(Generic[B]):
    """Reads whole files of one shape. check: finds what is wrong between sections of a valid file."""

    def __init__(self, shape: type[B], *, check: Callable[[B], Iterable[Problem]]) -> None:
        self._shape = shape
        self._check = check
        #: What a business can be served without, for as long as it is wrong in its file.
        fields = shape.model_fields.items()
        self._optional = {name for name, field in fields if not field.is_required()} - shape.read_by

    def read_folder(self, folder: Path) -> Files[B]:
        """Read every *.yaml of the folder.

        A file that is wrong stops its own business's rules, and what is wrong is left out; if what facts are read
        by is wrong, it stops that business. It never stops another. Raises ConfigurationError if no file can be
        used.
        """
        files = sorted(folder.glob("*.yaml"))
        if not files:
            raise ConfigurationError(f"{folder}: no tenant files; put one <slug>.yaml per business there")
        looked_at = {file.stem: self.look_at(file) for file in files}
        found = _collected({slug: (each.business, each.problem) for slug, each in looked_at.items()})
        if not found.tenants:
            raise ConfigurationError("\n".join(found.wrong.values()))
        return found

    def read_named(self, file: Path) -> B:
        """Read one file, named by its slug. Raises ConfigurationError that names file, key and remedy."""
        return _named(self.read(file), str(file), slug=file.stem)

    def read(self, file: Path) -> B:
        """Read a file of any name, such as a draft. Raises ConfigurationError as read_named does."""
        return self.parse(_text_of(file), file=file)

    def parse(self, text: str, *, file: Path) -> B:
        """Return the business that a text describes; `file` is what errors name. Raises ConfigurationError."""
        return self._validate(_Document.parse(str(file), text))

    def look_at(self, file: Path) -> FileContent[B]:
        """Return what a file holds and what is wrong with it; never raises for what is in it."""
        try:
            document = _Document.parse(str(file), _text_of(file))
        except ConfigurationError as error:
            return FileContent(None, None, error.detail)
        business, problem = self._read_what_can_be(document, slug=file.stem)
        return FileContent(document.content, business, problem)

    def read_documents(self, documents: Mapping[str, Mapping[str, object]]) -> Files[B]:
        """Read documents by slug, as read_folder reads files; none of them may be usable."""
        found = {
            slug: self._read_what_can_be(_Document(f"configuration of {slug}", content), slug=slug)
            for slug, content in sorted(documents.items())
        }
        return _collected(found)

    def _validate(self, document: _Document) -> B:
        business = document.validate(self._shape, document.content)
        problems = [document.tell(problem.path, problem.message) for problem in self._check(business)]
        if problems:
            raise ConfigurationError("\n".join(problems))
        return business

    def _read_what_can_be(self, document: _Document, *, slug: str) -> tuple[B | None, str]:
        try:
            return _named(self._validate(document), document.name, slug=slug), ""
        except ConfigurationError as error:
            problem = error.detail
        # The rules in any case: nothing acts by a document that is wrong. Else what is wrong alone.
        left_out = {"rules"}
        while True:
            try:
                rest = {key: value for key, value in document.content.items() if key not in left_out}
                business = self._shape.model_validate(rest)
            except ValidationError as error:
                wrong = _keys_of(error)
                if not wrong <= self._optional - left_out:
                    return None, problem
                left_out |= wrong
                continue
            business.note_left_out(document.content, left_out=left_out)
            return (business, problem) if business.slug == slug else (None, problem)


def _collected(found: Mapping[str, tuple[B | None, str]]) -> Files[B]:
    """Return what was read by slug; what is wrong is logged."""
    tenants = {slug: business for slug, (business, _) in found.items() if business is not None}
    wrong = {slug: problem for slug, (_, problem) in found.items() if problem}
    for slug, problem in wrong.items():
        what = "its rules are" if slug in tenants else "all of it is"
        _logger.error("the configuration of %s is wrong; %s set aside: %s", slug, what, problem)
    return Files(tenants, wrong)


def _named(business: B, name: str, *, slug: str) -> B:
    """Return the business of a document that has its slug. Raises ConfigurationError for another's."""
    if business.slug != slug:
        raise ConfigurationError(_other_slug(name, business.slug, slug=slug))
    return business


def _other_slug(name: str, found: object, *, slug: str) -> str:
    return f"{name}: slug: is {found!r}; rename the file or set the slug to {slug!r}"


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file}: not readable: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not readable as text: {error}; save it as UTF-8") from error


class _Document:
    """A document's content, with the places of its keys where it is a text."""

    def __init__(self, name: str, content: Mapping[str, object], *, root: yaml.Node | None = None) -> None:
        self.name = name
        self.content = content
        self._root = root

    @classmethod
    def parse(cls, name: str, text: str) -> _Document:
        """Return the document that a text is in YAML. Raises ConfigurationError if it is none."""
        try:
            loader = _UniqueKeyLoader(text)
            root = loader.get_single_node()
            if root is not None:
                refuse_huge(root)
            content = None if root is None else loader.construct_document(root)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{name}: not readable as YAML: {error}") from error
        except RecursionError as error:
            raise ConfigurationError(f"{name}: not readable as YAML: it is nested too deeply") from error
        except (ValueError, OverflowError, TypeError) as error:  # such as a day that no month has, or 5,000 digits
            raise ConfigurationError(f"{name}: a value is not readable: {error}; put it in quotes") from error
        if root is None or not isinstance(content, dict):
            raise ConfigurationError(f"{name}: must be a mapping of keys such as slug, name, zone")
        return cls(name, content, root=root)

    def validate(self, shape: type[B], content: Mapping[str, object]) -> B:
        try:
            return shape.model_validate(content)
        except ValidationError as error:
            raise ConfigurationError("\n".join(self._explain(error))) from error

    def tell(self, path: tuple[str | int, ...], message: str) -> str:
        key = ".".join(str(part) for part in path) or "(file)"
        place = "" if self._root is None else f" (line {line_of(self._root, path)})"
        return f"{self.name}: {key}: {message}{place}"

    def _explain(self, error: ValidationError) -> Iterator[str]:
        # The input of a wrong secret name may be the secret itself: it is never repeated.
        for problem in error.errors(include_url=False):
            is_secret = bool({"secrets", "secret"} & set(problem["loc"]))
            yield self.tell(problem["loc"], _remedy(problem, is_secret=is_secret))


class _UniqueKeyLoader(BoundedLoader):
    """Refuses a key given twice, of which plain YAML silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping; raises MarkedYAMLError if a key is given twice."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} is given twice; keep one of each", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _keys_of(error: ValidationError) -> set[str]:
    """Return the keys of the file that are wrong; an empty one if that can't be told."""
    keys = set()
    for problem in error.errors(include_url=False):
        first = _FIRST_KEY.match(problem["msg"])
        keys.add(str(problem["loc"][0]) if problem["loc"] else first[1] if first else "")
    return keys


_WHOLE, _NUMBER, _KEYS, _LIST = (
    "write a whole number",
    "write a number",
    "write keys with their values below it",
    "write a list, each entry after a dash",
)
#: What to do about a kind of mistake, in place of pydantic's words.
_REMEDIES: Final[Mapping[str, str]] = {
    "literal_error": "use one of {expected}",
    "enum": "use one of {expected}",
    "string_pattern_mismatch": "write it in the form {pattern}",
    "string_type": "write it as text, in quotes",
    "string_too_short": "write at least {min_length} characters",
    "string_too_long": "write at most {max_length} characters",
    "too_short": "give at least {min_length} item{plural}",
    "too_long": "give at most {max_length} items",
    "greater_than": "write a number greater than {gt}",
    "greater_than_equal": "write {ge} or more",
    "less_than": "write a number less than {lt}",
    "less_than_equal": "write {le} or less",
    "decimal_max_places": "write at most {decimal_places} digits after the point",
    "decimal_max_digits": "write at most {max_digits} digits",
    "decimal_whole_digits": "write at most {whole_digits} digits before the point",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "union_tag_invalid": "use one of {expected_tags}",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), _KEYS),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("time_type", "time_parsing"), 'write it like "17:00"'),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), "write it like 2026-12-31"),
}
_MOST_SHOWN: Final = 80


def _remedy(problem: Any, *, is_secret: bool) -> str:
    kind, given, message = problem["type"], problem["input"], validation_message(problem)
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        return "is not a known key; remove it or correct its spelling"
    context = problem.get("ctx", {})
    plural = "" if context.get("min_length") == 1 else "s"
    known = _REMEDIES.get(kind)
    remedy = known.format(**context, plural=plural) if known else message.replace("Input should ", "it must ")
    if is_secret:
        wrong = "is no name of a secret" if kind == "string_pattern_mismatch" else remedy
        return f"{wrong}; write names, such as STRIPE_API_KEY: `frontdesk secrets set` stores the secrets themselves"
    if isinstance(given, dict):
        return remedy
    shown = repr(given)
    return f"is {shown if len(shown) <= _MOST_SHOWN else shown[:_MOST_SHOWN] + '...'}; {remedy}"
