"""The phone macros against libphonenumber: every common spelling of a valid number is that number."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import phonenumbers
import pytest
from jinja2 import Environment
from phonenumbers import PhoneNumberFormat, PhoneNumberType

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "normalise_phone.sql"
NUMBERS_PER_TYPE = 150
#: Shorter digits could be a national number as well; only short toll-free ones are.
MIN_DIGITS_WITHOUT_PLUS = 11
TYPES = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.TOLL_FREE,
)


class Region(NamedTuple):
    """A country, and what a tenant's file says of its phones."""

    code: str
    calling_code: str
    trunk_prefix: str


REGIONS = (Region("AU", "61", "0"), Region("GB", "44", "0"), Region("US", "1", "1"), Region("CA", "1", "1"))


QUERY = """
    select {{ e164(international_digits(phone_digits('spelling'), 'calling_code', 'trunk_prefix')) }}
    from (select unnest($spellings::varchar[]) as spelling)
    cross join (select $calling_code as calling_code, $trunk_prefix as trunk_prefix)
"""


def normalise(spellings: list[str], *, region: Region) -> list[str | None]:
    """Run the compiled macros on spellings at a tenant of that region."""
    template = Environment(autoescape=True).from_string(MACROS.read_text(encoding="utf-8") + QUERY)
    parameters = {
        "spellings": spellings,
        "calling_code": region.calling_code,
        "trunk_prefix": region.trunk_prefix,
    }
    with duckdb.connect() as connection:
        return [row[0] for row in connection.execute(template.render(), parameters).fetchall()]


def valid_numbers(region: Region) -> Iterator[phonenumbers.PhoneNumber]:
    """Yield valid numbers of a region, the same in every run: examples with their last digits drawn at random."""
    source = random.Random(region.code)
    for type_ in TYPES:
        example = phonenumbers.example_number_for_type(region.code, type_)
        found = 0
        while example is not None and found < NUMBERS_PER_TYPE:
            digits = phonenumbers.national_significant_number(example)
            kept = source.randint(1, 3)
            drawn = digits[:kept] + "".join(str(source.randrange(10)) for _ in digits[kept:])
            number = phonenumbers.parse(f"+{region.calling_code}{drawn}")
            if phonenumbers.is_valid_number_for_region(number, region.code):
                found += 1
                yield number


def spellings_of(number: phonenumbers.PhoneNumber, region: Region) -> dict[str, str]:
    """Return the number as people and providers write it, by the kind of spelling."""
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    significant = phonenumbers.national_significant_number(number)
    spellings = {
        "national": national,
        "national, digits": re.sub(r"\D", "", national),
        "national, dots": re.sub(r"\D+", ".", national).strip("."),
        "national, blanks around": f"  {national}\t",
        "without trunk prefix": significant,
        "international": international,
        "international, hyphens": international.replace(" ", "-"),
        "international, two zeros": international.replace("+", "00"),
        "E.164": e164,
        "RFC 3966": phonenumbers.format_number(number, PhoneNumberFormat.RFC3966),
        "sender": f"whatsapp:{e164}",
    }
    if len(e164) > MIN_DIGITS_WITHOUT_PLUS:
        spellings["international, no plus"] = e164.removeprefix("+")
    if region.trunk_prefix == "0":
        spellings["international, (0)"] = f"+{region.calling_code} (0){significant}"
    return spellings


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.code)
def test_every_spelling_of_a_valid_number_is_that_number(region: Region) -> None:
    numbers = list(valid_numbers(region))
    cases = [
        (kind, spelling, phonenumbers.format_number(number, PhoneNumberFormat.E164))
        for number in numbers
        for kind, spelling in spellings_of(number, region).items()
    ]
    assert len(cases) > 4000
    results = normalise([spelling for _, spelling, _ in cases], region=region)
    wrong = [(*case, result) for case, result in zip(cases, results, strict=True) if result != case[2]]
    assert wrong == []


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.code)
def test_libphonenumber_reads_the_spellings_alike(region: Region) -> None:
    """The spellings themselves are right: where the library reads one as valid, it is the same number."""
    for number in list(valid_numbers(region))[::20]:
        for kind, spelling in spellings_of(number, region).items():
            if kind not in ("international, two zeros", "sender"):
                assert phonenumbers.parse(spelling, region.code) == number, spelling


def test_whatever_is_written_gives_e164_or_nothing() -> None:
    source = random.Random(7)
    alphabet = "0123456789+() -.x#äé\t٣"
    texts = ["".join(source.choice(alphabet) for _ in range(source.randrange(25))) for _ in range(5000)]
    results = normalise(texts, region=REGIONS[0])
    assert [result for result in results if result and not re.fullmatch(r"\+[1-9][0-9]{7,14}", result)] == []
    assert any(results)
    assert not all(results)
