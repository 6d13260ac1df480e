"""Templates: what is rendered, what is refused, and what a template can't reach."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from frontdesk.domains.sending.default_templates import DEFAULT_TEMPLATES
from frontdesk.domains.sending.templates import (
    EmailTemplate,
    Reading,
    TemplateRenderError,
    Templates,
    TextVariable,
    format_day,
    format_until,
    read_template,
    render,
)

_PERTH = ZoneInfo("Australia/Perth")
_VARIABLES: dict[str, dict[str, object]] = {
    "contact": {"first_name": "Ada", "company": None},
    "booking": {"starts_at": datetime(2026, 7, 1, 4, 5, tzinfo=UTC), "ends_at": "2026-07-01T16:05:00+00:00"},
    "fact": {"amount_minor": 123450, "currency": "AUD", "zero": 0},
    "business": {"name": "Acme <Perth> & Sons"},
}


_READING = Reading(now=datetime(2026, 7, 1, 2, 0, tzinfo=UTC), zones=(_PERTH,))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ booking.starts_at | day }}, {{ booking.starts_at | until }}", "today, in 2 hours 5 minutes"),
        ('{{ contact.company | until | default("soon") }}', "soon"),
        ("Hi {{ contact.first_name }}", "Hi Ada"),
        ('Hi {{ contact.company | default("there") }}', "Hi there"),
        ("{{ booking.starts_at | date }} {{ booking.starts_at | time }}", "Wed 1 Jul 12:05 pm"),
        ("{{ booking.ends_at | date }} {{ booking.ends_at | time }}", "Thu 2 Jul 12:05 am"),
        ("{{ fact.amount_minor | money(fact.currency) }}", "1,234.50 AUD"),
        ('{{ fact.amount_minor | money("JPY") }}', "123,450 JPY"),
        ('{{ contact.company | date | default("soon") }}', "soon"),
        ('{{ contact.company | money("AUD") | default("a sum") }}', "a sum"),
        ("a{% if contact.company %} of {{ contact.company }}{% endif %}.", "a."),
        ("{% if contact.company %}x{% elif contact.first_name == 'Ada' %}y{% else %}z{% endif %}", "y"),
        ("{{ contact.company if contact.company else contact.first_name }}", "Ada"),
        ("{{ fact.zero }}", "0"),
        ("{{ business.name }}", "Acme <Perth> & Sons"),
    ],
)
def test_texts_are_rendered_on_the_business_s_clock(source: str, text: str) -> None:
    read_template(source)

    assert render(source, variables=_VARIABLES, zone=_PERTH, reading=_READING) == text


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(minutes=-5), "now"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(minutes=45), "in 45 minutes"),
        (timedelta(hours=1), "in 1 hour"),
        (timedelta(hours=2, minutes=1), "in 2 hours"),
        (timedelta(hours=3, minutes=40), "in 3 hours 40 minutes"),
        (timedelta(hours=10, minutes=55), "in 11 hours"),
        (timedelta(hours=30), "in 30 hours"),
        (timedelta(hours=49), "in 2 days"),
    ],
)
def test_until_says_the_time_that_is_left_when_it_is_read(left: timedelta, words: str) -> None:
    assert format_until(_READING.now + left, _READING) == words


@pytest.mark.parametrize(
    ("now", "zones", "words"),
    [
        ("2026-07-01T08:00+08:00", ["Australia/Perth"], "today"),
        ("2026-06-30T23:00+08:00", ["Australia/Perth"], "tomorrow"),
        ("2026-06-29T23:00+08:00", ["Australia/Perth"], "on Wed 1 Jul"),
        # In Sydney it is the first of July by then: not tomorrow any more.
        ("2026-06-30T23:00+08:00", ["Australia/Sydney"], "on Wed 1 Jul"),
        # Nobody knows where in America a toll-free number is: in some part it is another day.
        ("2026-07-01T08:00+08:00", ["America/New_York", "Pacific/Honolulu"], "on Wed 1 Jul"),
    ],
)
def test_tomorrow_is_what_is_tomorrow_where_the_reader_is(now: str, zones: list[str], words: str) -> None:
    starts_at = datetime(2026, 7, 1, 12, 5, tzinfo=_PERTH)
    reading = Reading(now=datetime.fromisoformat(now), zones=tuple(map(ZoneInfo, zones)))
    assert format_day(starts_at, reading) == words


@pytest.mark.parametrize(
    "source",
    [
        "{{ contact.company }}",
        "{{ contact.surname }}",
        "{{ contact.company | date }}",
        "{{ contact.first_name | date }}",
        "{{ booking.reference | default('none') | time }}",
    ],
)
def test_a_value_that_is_missing_is_an_error_and_no_blank(source: str) -> None:
    with pytest.raises(TemplateRenderError, match=r"give the value, or words for its absence by default\(\.\.\.\)$"):
        render(source, variables=_VARIABLES, zone=_PERTH, reading=_READING)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("Hi {{ contact.first_name", "line 1 of the template: unexpected end of template"),
        ("Hi {{ name }}", "a variable is one of contact, booking, fact, business, a dot and a field"),
        ("{{ contact.first_name.upper }}", "a variable is one of contact"),
        ("{{ contact['first_name'] }}", "only variables, filters and if are allowed"),
        ("{{ contact.first_name.upper() }}", "only variables, filters and if are allowed"),
        ("{{ contact.__class__.__mro__ }}", "a variable is one of contact"),
        ("{% for x in contact.first_name %}x{% endfor %}", "only variables, filters and if are allowed"),
        ("{% set x = 1 %}", "only variables, filters and if are allowed"),
        ("{% include 'secrets' %}", "only variables, filters and if are allowed"),
        ("{{ 9 ** 9 }}", "only variables, filters and if are allowed"),
        ("{{ contact.first_name | upper }}", "upper is no filter; use date, time, until, day, money or default"),
        ("{{ contact.first_name if contact.company }}", "an if inside {{ }} needs its else"),
    ],
)
def test_what_is_no_template_of_ours_is_refused(source: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        read_template(source)

    assert problem in str(raised.value)


def test_each_use_of_a_variable_is_found_with_what_guards_it() -> None:
    source = (
        '{{ contact.first_name | default("x") }}{{ contact.company }}'
        "{% if contact.company and contact.email %}{{ contact.email }}{{ fact.amount_minor | money(fact.currency) }}"
        "{% else %}{{ contact.email }}{% endif %}"
    )

    assert read_template(source) == (
        TextVariable(name="contact.first_name", filters=("default",), is_guarded=True),
        TextVariable(name="contact.company"),
        TextVariable(name="contact.company", is_guarded=True, is_tested=True),
        TextVariable(name="contact.email", is_guarded=True, is_tested=True),
        TextVariable(name="contact.email", is_guarded=True),
        TextVariable(name="fact.amount_minor", filters=("money",)),
        TextVariable(name="fact.currency", is_tested=True),
        TextVariable(name="contact.email"),
    )


def test_a_tenant_s_template_takes_the_place_of_the_shared_one() -> None:
    shared = Templates(sms={"a": "shared a", "b": "shared b"}, email={"a": EmailTemplate(subject="s", text="t")})

    merged = Templates(sms={"b": "own b"}).over(shared)

    assert merged.sms == {"a": "shared a", "b": "own b"}
    assert merged.email == shared.email


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("on {{ booking.starts_at | date }} at {{ booking.starts_at | time }}.", "on Fri 18 Dec."),
        ("your visit is at {{ booking.starts_at | time }} today.", "your visit is today."),
        ("{{ booking.starts_at | date }}, {{ booking.starts_at | time }}", "Fri 18 Dec"),
        ("{{ booking.starts_at | date }}, {{ booking.starts_at | until }}!", "Fri 18 Dec!"),
        (
            "{{ booking.starts_at | day }} at {{ booking.starts_at | time }} - {{ booking.starts_at | until }}",
            "on Fri 18 Dec",
        ),
        ("It is {{ booking.starts_at | until }}.", "It is on Fri 18 Dec."),
        (
            "{{ booking.starts_at | date }}. It is {{ booking.starts_at | until }}.",
            "Fri 18 Dec. It is on Fri 18 Dec.",
        ),
    ],
)
def test_a_booking_of_a_whole_day_has_no_time(source: str, text: str) -> None:
    variables = {"booking": {"starts_at": "2026-12-18"}}

    assert render(source, variables=variables, zone=ZoneInfo("America/Sao_Paulo"), reading=_READING) == text


@pytest.mark.parametrize("hours_before", [-3, 2, 20, 30, 48])
@pytest.mark.parametrize(
    "template",
    [*DEFAULT_TEMPLATES.sms.values(), *(email.text for email in DEFAULT_TEMPLATES.email.values())],
    ids=[*DEFAULT_TEMPLATES.sms, *(f"{name} by e-mail" for name in DEFAULT_TEMPLATES.email)],
)
def test_no_default_template_says_a_whole_day_twice(template: str, hours_before: int) -> None:
    zone = ZoneInfo("Australia/Perth")
    now = datetime(2026, 12, 18, 12, 0, tzinfo=zone) - timedelta(hours=hours_before)
    variables: dict[str, dict[str, object]] = {
        "booking": {"starts_at": "2026-12-18", "service_name": "facial", "guest_first_name": "Ana"},
        "contact": {"first_name": "Zoe"},
        "fact": {"amount_minor": 1000, "currency": "AUD", "occurred_at": "2026-12-01T00:00:00Z"},
        "business": {"name": "Glow"},
    }

    text = render(template, variables=variables, zone=zone, reading=Reading(now=now, zones=(zone,)))

    words = re.findall(r"\w+", text.casefold())
    assert not [word for word, following in pairwise(words) if word == following], text
    assert max(words.count(word) for word in ("today", "tomorrow", "18")) <= 1, text
    assert not re.search(r"\s[,.]|,[,.]|[\ue000-\ue002]", text), text
