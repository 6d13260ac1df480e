"""SQL reads phones, e-mails, names and replies as Python does, in a build and in the live path, and never raises."""

from __future__ import annotations

import ast
import inspect
import random
import re
from collections.abc import Iterator
from types import ModuleType

import duckdb
import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from frontdesk.core.email_address import read_email
from frontdesk.core.phone import read_phone
from frontdesk.domains.sending.consent.reply_words import read_reply
from pipelines.build import sql_functions
from pipelines.build.sql_functions import readers_fingerprint, register_functions
from tests.core.test_email_address import EMAILS
from tests.core.test_phone import CERTAIN, PLACEHOLDERS, UNCERTAIN
from tests.domains.sending.consent.test_reply_words import MEANT, ORDINARY, REPLIES

TYPES = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.TOLL_FREE,
)
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.fixture(params=[False, True], ids=["live", "build"])
def connection(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a connection as the live path has it, and one as dbt has it."""
    with duckdb.connect() as connection:
        register_functions(connection, by_column=request.param)
        yield connection


def read(connection: duckdb.DuckDBPyConnection, expression: str, rows: list[tuple[str | None, ...]]) -> list[object]:
    """Return an expression of the columns a, b, c for each row."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    names = "abc"[: len(columns)]
    unnested = ", ".join(f"unnest(${name}::varchar[]) as {name}" for name in names)
    parameters = dict(zip(names, columns, strict=True))
    return [
        row[0] for row in connection.execute(f"select {expression} from (select {unnested})", parameters).fetchall()
    ]


def spellings() -> Iterator[tuple[str, str]]:
    """Yield (text, region) of an example number of every kind and region, in four spellings and more."""
    for region in REGIONS:
        for type_ in TYPES:
            example = phonenumbers.example_number_for_type(region, type_)
            if example is None:
                continue
            for format_ in (
                PhoneNumberFormat.NATIONAL,
                PhoneNumberFormat.INTERNATIONAL,
                PhoneNumberFormat.E164,
                PhoneNumberFormat.RFC3966,
            ):
                yield phonenumbers.format_number(example, format_), region
            national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
            digits = re.sub(r"\D", "", phonenumbers.format_number(example, PhoneNumberFormat.E164))
            yield from ((f"{national} ext. 12", region), (f"00{digits}", region), (f"011{digits}", region))
            yield from ((f"0011{digits}", region), (digits, region), (national.translate(_ARABIC), region))


_ARABIC = {ord(digit): 0x0660 + int(digit) for digit in "0123456789"}


def test_every_region_s_numbers_are_read_alike(connection: duckdb.DuckDBPyConnection) -> None:
    cases = list(spellings())
    assert len(cases) > 5000
    results = read(connection, "to_json(read_phone(a, b))::varchar", list(cases))
    expected = [read_phone(text, region=region) for text, region in cases]
    told = [
        None
        if phone is None
        else f'{{"e164":"{phone.e164}","extension":{_json(phone.extension)},"is_nobodys":{_json(phone.is_nobodys)}}}'
        for phone in expected
    ]
    assert results == told


def test_what_the_library_is_sure_of_is_that_number() -> None:
    """The reader adds to the library only the prefix 00; it takes nothing from it that it has for valid."""
    for text, region in spellings():
        phone = read_phone(text, region=region)
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            number = None
        if number is not None and phonenumbers.is_valid_number(number):
            assert phone is not None, (text, region)
            assert phone.e164 == phonenumbers.format_number(number, PhoneNumberFormat.E164)


def test_cases_of_people_are_read_alike(connection: duckdb.DuckDBPyConnection) -> None:
    phones = [(text, region) for text, region, _ in CERTAIN] + [(text, region) for text, region in UNCERTAIN]
    phones += [(text, region) for text, region, _ in PLACEHOLDERS]
    read_by_python = [read_phone(text, region=region) for text, region in phones]
    assert read(connection, "read_phone(a, b).e164", list(phones)) == [each and each.e164 for each in read_by_python]
    emails = [read_email(text) for text, _ in EMAILS]
    assert read(connection, "read_email(a).address", [(text,) for text, _ in EMAILS]) == [
        each and each.address for each in emails
    ]
    cases = [(text, languages) for text, languages, _ in REPLIES + MEANT] + list(ORDINARY)
    for is_cancel_stop in (False, True):
        replies = [
            read_reply(text, languages=languages.split(","), is_cancel_stop=is_cancel_stop)
            for text, languages in cases
        ]
        assert read(connection, f"read_reply(a, b, {is_cancel_stop})", list(cases)) == replies


def test_nothing_is_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    expressions = (
        "read_phone(null, 'AU'), read_email(null), read_name(null, null, null), read_reply(null, 'en', true)"
    )
    assert connection.execute(f"select {expressions}, id_shape(null)").fetchall() == [(None,) * 5]


def test_whatever_is_written_gives_a_number_an_address_or_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    source = random.Random(7)
    alphabet = "0123456789+() -.x#äé\t٣@a.b<>,;:\"'\u200b\ud7ff\U0001f64f"
    texts = [("".join(source.choice(alphabet) for _ in range(source.randrange(300))),) for _ in range(3000)]
    phones = read(connection, "read_phone(a, 'AU').e164", list(texts))
    assert [each for each in phones if each and not re.fullmatch(r"\+[1-9][0-9]{6,17}", str(each))] == []
    emails = read(connection, "read_email(a).address", list(texts))
    assert [each for each in emails if each and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(each))] == []
    read(connection, "read_reply(a, 'en,fr', null)", list(texts))
    read(connection, "read_name(a, null, null)", list(texts))


def test_what_is_remembered_is_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_functions, "_REMEMBERED_BYTES", 100_000)
    tried: list[str] = []
    reader = sql_functions.Reader(tried.append)
    for number in range(5_000):
        reader(f"{number} " + "\U0001f64f" * 200)
        assert reader.count_bytes <= 102_000
    before = reader.count_bytes
    long = "x" * 1_000_000
    assert reader(long) is reader(long) is None
    assert reader.count_bytes == before
    assert tried[-2:] == [long, long]


@pytest.mark.parametrize("module", sql_functions.READERS, ids=lambda module: str(module.__name__))
def test_every_module_that_reads_is_in_the_fingerprint(module: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(module))
    imported = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in imported if name.startswith("frontdesk.")}
    assert ours <= {reader.__name__ for reader in sql_functions.READERS}


def test_versions_of_the_libraries_are_in_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = readers_fingerprint()
    monkeypatch.setattr("pipelines.build.sql_functions.version", lambda _library: "0.0")
    assert readers_fingerprint() != before


def _json(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else f'"{value}"'
