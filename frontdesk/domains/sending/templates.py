"""Templates of texts and e-mails: sandboxed Jinja2, of which every variable is known before the first use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.money import format_minor_units
from frontdesk.core.time_words import time_of_day_words

_GROUPS = ("contact", "booking", "fact", "business")
#: A booking of a whole day has no time; the word before it goes too: "on Fri 18 Dec at 9:00 am", "on Fri 18 Dec".
_WHOLE_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NO_TIME = "\ue000"
_NO_TIME_OF_DAY = re.compile(rf"(?:,?\s+(?:at|@|from|um|\u00e0|a las)|,)?\s*{_NO_TIME}", re.IGNORECASE)
#: What is left until a whole day is the day itself; once it is said, it goes with the comma before it.
_SAYS_DAY, _SAID_DAY = "\ue001", "\ue002"
_DAY_AGAIN = re.compile(rf"(?P<before>\s*(?:[,;:\u2013\u2014-]\s*)?){_SAYS_DAY}(?P<day>[^{_SAID_DAY}]*){_SAID_DAY}")
_SENTENCE_END = re.compile(r"[.!?\n](?=\s|$)")
_FORM = "write variables as {{ contact.first_name }}"
#: The filters that templates have.
FILTERS = ("date", "time", "until", "day", "money", "default")
#: What a template can't name: who reads the text, and when.
_READING = "reading"
_MINUTE_S, _HOUR, _DAY = 60, 60, 24 * 60
#: Minutes up to which minutes are told beside hours.
_LONG = 4 * 60
#: Enough for texts; loops, macros, includes and calls are left out, so that a template ends and reaches nothing.
_ALLOWED_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)


class TemplateRenderError(FrontdeskError):
    """A template can't be rendered with these values: one is unknown where the text needs it."""

    http_status = 422
    title = "Template not renderable"


@dataclass(frozen=True, kw_only=True)
class TextVariable:
    """One use of a variable in a template.

    Guarded: the text has words for the case that the value is unknown. Tested: it is not shown itself, but decides
    what is shown, or is a filter's argument.
    """

    name: str
    filters: tuple[str, ...] = ()
    is_guarded: bool = False
    is_tested: bool = False


# Businesses have many of their words in common, and a document is read several times: 16 ms for one, with this 4.
@lru_cache(maxsize=4_096)
def read_template(source: str) -> tuple[TextVariable, ...]:
    """Return every use of a variable, in order. Raises ValueError with the remedy if it is no template of ours."""
    try:
        tree = _environment(ZoneInfo("UTC")).parse(source)
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the template: {error.message}; {_FORM}") from error
    return tuple(_find(tree, guarded=frozenset()))


def _check(source: str) -> str:
    read_template(source)
    return source


TemplateText = Annotated[str, StringConstraints(min_length=1, max_length=10_000), AfterValidator(_check)]
TemplateId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=63)]


class EmailTemplate(BaseModel):
    """An e-mail in plain text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: TemplateText = Field(description="Its subject, a template.")
    text: TemplateText = Field(description="Its words, a template.", examples=["Hi {{ contact.first_name }}"])


class Templates(BaseModel):
    """Templates by id, of texts and of e-mails."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sms: dict[TemplateId, TemplateText] = Field(
        description="Words of texts.",
        examples=[{"thanks": "Thank you, {{ contact.first_name }}!"}],
        default_factory=dict,
    )
    email: dict[TemplateId, EmailTemplate] = Field(description="Subjects and words of e-mails.", default_factory=dict)

    def over(self, defaults: Templates) -> Templates:
        """Return the templates of both; if both have one, this one's."""
        return Templates(sms={**defaults.sms, **self.sms}, email={**defaults.email, **self.email})


def template_version(template: str | EmailTemplate) -> str:
    """Return a short digest of a template's words: what is kept with a message that was made by it."""
    words = template if isinstance(template, str) else f"{template.subject}\n{template.text}"
    return sha256(words.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """When a text is read, and by which clocks: those of where its reader may be."""

    now: datetime  #: aware
    zones: tuple[ZoneInfo, ...]


def render(source: str, *, variables: Mapping[str, Mapping[str, object]], zone: ZoneInfo, reading: Reading) -> str:
    """Return the text. Variables are contact, booking, fact and business, each a mapping; instants are shown in zone.

    Raises TemplateRenderError if a value that is shown is missing or None.
    """
    try:
        words = _compiled(source, zone).render({**_with_unknown(source, variables), _READING: reading})
        return _DAY_AGAIN.sub(_without_day_again, _NO_TIME_OF_DAY.sub("", words))
    except (TemplateError, TypeError, ValueError) as error:
        raise TemplateRenderError(f"{error}; give the value, or words for its absence by default(...)") from error


def _with_unknown(source: str, variables: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """Return the variables, None for what a template has words without and a command lacks: it may be older.

    What the template can't do without stays missing, so that the complaint names it.
    """
    full = {group: dict(values) for group, values in variables.items()}
    for name, can_be_unknown in _used_names(source):
        group, _, field = name.partition(".")
        values = full.setdefault(group, {})
        if can_be_unknown:
            values.setdefault(field, None)
    return full


@lru_cache(maxsize=512)
def _used_names(source: str) -> frozenset[tuple[str, bool]]:
    return frozenset(
        (use.name, use.is_tested or use.is_guarded or "default" in use.filters) for use in read_template(source)
    )


# Compiling costs some milliseconds, rendering some microseconds.
@lru_cache(maxsize=512)
def _compiled(source: str, zone: ZoneInfo) -> Template:
    return _environment(zone).from_string(source)


def _environment(zone: ZoneInfo) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, finalize=_refuse_unknown, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters.update(
        date=lambda value: None if value is None else _format_date(_local(value, zone)),
        time=lambda value: None if value is None else _time_words(value, zone),
        until=pass_context(lambda context, value: _until_words(value, zone, context[_READING])),
        day=pass_context(
            lambda context, value: None if value is None else format_day(_local(value, zone), context[_READING])
        ),
        money=_format_money,
        default=lambda value, words: words if value is None or value == "" else value,
    )
    return environment


def _refuse_unknown(value: object) -> object:
    if value is None:
        raise TypeError("a value that the text shows is unknown")
    return value


def _time_words(value: object, zone: ZoneInfo) -> str:
    return _NO_TIME if _is_day(value) else time_of_day_words(_local(value, zone))


def _until_words(value: object, zone: ZoneInfo, reading: Reading) -> str | None:
    if value is None:
        return None
    if _is_day(value):  # no hours are left
        return f"{_SAYS_DAY}{format_day(_local(value, zone), reading)}{_SAID_DAY}"
    return format_until(_local(value, zone), reading)


def _without_day_again(found: re.Match[str]) -> str:
    sentence = _SENTENCE_END.split(found.string[: found.start()])[-1].casefold()
    day = found["day"]
    is_said = re.search(rf"\b{re.escape(day.removeprefix('on ').casefold())}\b", sentence) is not None
    return "" if is_said else found["before"] + day


def _is_day(value: object) -> bool:
    return isinstance(value, str) and _WHOLE_DAY.fullmatch(value) is not None


def _local(value: object, zone: ZoneInfo) -> datetime:
    if _is_day(value):
        return datetime.fromisoformat(f"{value}T12:00").replace(tzinfo=zone)
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise TypeError(f"{value!r} is no instant with its offset from UTC")
    return moment.astimezone(zone)


def _format_date(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}"


def format_until(moment: datetime, reading: Reading) -> str:
    """Return the time that is left in words: "in 45 minutes", "in 2 hours", "in 3 days"."""
    minutes = max(round((moment - reading.now).total_seconds() / _MINUTE_S), 0)
    if minutes == 0:
        return "now"
    if minutes < _HOUR:
        return f"in {_count(minutes, 'minute')}"
    if minutes < _LONG:
        hours, rest = divmod(round(minutes / 5) * 5, _HOUR)
        return f"in {_count(hours, 'hour')}" + (f" {_count(rest, 'minute')}" if rest else "")
    if minutes < 2 * _DAY:
        return f"in {_count(round(minutes / _HOUR), 'hour')}"
    return f"in {_count(round(minutes / _DAY), 'day')}"


def format_day(moment: datetime, reading: Reading) -> str:
    """Return "today" or "tomorrow" if it is that for business and reader alike, else the date."""
    zones = {moment.tzinfo, *reading.zones}
    # Where the reader's calendar shows another date than the business's, neither word fits the time that is told.
    dates = {moment.astimezone(zone).date() for zone in zones}
    days = {(moment.astimezone(zone).date() - reading.now.astimezone(zone).date()).days for zone in zones}
    words = {0: "today", 1: "tomorrow"}
    if len(days) == 1 and len(dates) == 1 and days <= words.keys():
        return words[days.pop()]
    return f"on {_format_date(moment)}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _format_money(amount_minor: Any, currency: Any) -> str | None:
    if amount_minor is None or currency is None:
        return None
    return format_minor_units(int(amount_minor), currency)


def _find(node: nodes.Node, *, guarded: frozenset[str]) -> Iterator[TextVariable]:
    match node:
        case nodes.Getattr() | nodes.Name():
            name = _name(node)
            yield TextVariable(name=name, is_guarded=name in guarded)
        case nodes.Filter():
            yield from _find_filtered(node, guarded=guarded)
        case nodes.If():
            yield from _find_tested(node.test, guarded=guarded)
            inside = guarded | _ensured(node.test)
            for child in node.body:
                yield from _find(child, guarded=inside)
            for child in (*node.elif_, *node.else_):
                yield from _find(child, guarded=guarded)
        case nodes.CondExpr():
            yield from _find_tested(node.test, guarded=guarded)
            yield from _find(node.expr1, guarded=guarded | _ensured(node.test))
            if node.expr2 is None:
                raise ValueError("an if inside {{ }} needs its else")
            yield from _find(node.expr2, guarded=guarded)
        case _ if isinstance(node, _ALLOWED_NODES):
            for child in node.iter_child_nodes():
                yield from _find(child, guarded=guarded)
        case _:
            raise ValueError(
                f"line {node.lineno} of the template: only variables, filters and if are allowed; {_FORM}"
            )


def _find_filtered(node: nodes.Filter, *, guarded: frozenset[str]) -> Iterator[TextVariable]:
    filters: list[str] = []
    arguments: list[nodes.Expr] = []
    inner: nodes.Node | None = node
    while isinstance(inner, nodes.Filter):
        filters.insert(0, inner.name)
        arguments += inner.args
        inner = inner.node
    unknown = [name for name in filters if name not in FILTERS]
    if unknown:
        raise ValueError(f"{unknown[0]} is no filter; use {', '.join(FILTERS[:-1])} or {FILTERS[-1]}")
    name = _name(inner)
    has_words = "default" in filters
    yield TextVariable(name=name, filters=tuple(filters), is_guarded=has_words or name in guarded)
    for argument in arguments:
        for use in _find(argument, guarded=guarded):
            yield replace(use, is_guarded=has_words or use.is_guarded, is_tested=True)


def _find_tested(test: nodes.Node, *, guarded: frozenset[str]) -> Iterator[TextVariable]:
    for use in _find(test, guarded=guarded):
        yield replace(use, is_guarded=True, is_tested=True)


def _ensured(test: nodes.Node) -> frozenset[str]:
    """Return the variables that are known wherever the test holds."""
    match test:
        case nodes.Getattr():
            return frozenset({_name(test)})
        case nodes.And():
            return _ensured(test.left) | _ensured(test.right)
        case _:
            return frozenset()


def _name(node: nodes.Node | None) -> str:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name in _GROUPS:
        return f"{node.node.name}.{node.attr}"
    groups = ", ".join(_GROUPS)
    raise ValueError(f"a variable is one of {groups}, a dot and a field; {_FORM}")
