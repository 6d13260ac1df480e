"""What the models ask of Python: phones, e-mails, names and replies are read in SQL by the code that imports use.

dbt's connections get the functions by a plugin (pipelines/build/dbt_functions.py), the live path's by
pipelines/build/warehouse.py. A function never raises, or one value would stop everybody's batch.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from frontdesk.core import email_address, person_name, phone, placeholders
from frontdesk.core.email_address import read_email
from frontdesk.core.person_name import read_name
from frontdesk.core.phone import read_phone
from frontdesk.core.placeholders import id_shape
from frontdesk.domains.sending.consent import reply_requests, reply_text, reply_words
from frontdesk.domains.sending.consent.reply_words import read_reply

_logger = logging.getLogger(__name__)

#: The same customers come again and again, and reading a number is dear (30 microseconds, a look-up 0.1).
_REMEMBERED = 200_000
#: What all of a reader's values may hold, and the longest that comes again: what is longer is a text of its own.
_REMEMBERED_BYTES = 64 * 2**20
_LONGEST_REMEMBERED = 256
#: What an entry holds besides its arguments: the value read, and its place.
_ENTRY_BYTES = 300
_PHONE = pa.struct([("e164", pa.string()), ("extension", pa.string()), ("is_nobodys", pa.bool_())])
_EMAIL = pa.struct([("address", pa.string()), ("is_nobodys", pa.bool_())])
_NAME = pa.struct(
    [(part, pa.string()) for part in ("full_name", "first_name", "last_name")] + [("is_complete", pa.bool_())]
)
#: Every module of ours that reads: where one changes, what was read before is read again.
READERS = (phone, email_address, placeholders, person_name, reply_words, reply_requests, reply_text)
_LIBRARIES = ("phonenumbers", "email-validator")


def register_functions(connection: duckdb.DuckDBPyConnection, *, by_column: bool = False) -> None:
    """Make read_phone, read_email, read_name, read_reply and id_shape known to a connection.

    By column is four times as fast for the rows of a build, and takes five times as long for a single one.
    """
    for name, read, type_ in (
        ("read_phone", _phone, _PHONE),
        ("read_email", _email, _EMAIL),
        ("read_name", _name, _NAME),
        ("read_reply", _reply, pa.string()),
        ("id_shape", _id_shape, pa.string()),
    ):
        reader = Reader(read)
        connection.create_function(
            name,
            _Column(reader, type_) if by_column else reader,
            # Types, not their names: turning a name into a type fails where another thread is at it.
            [
                connection.sqltype("BOOLEAN" if "bool" in str(parameter.annotation) else "VARCHAR")
                for parameter in inspect.signature(read).parameters.values()
            ],
            connection.sqltype(_sql_type(type_)),
            type=PythonUDFType.ARROW if by_column else PythonUDFType.NATIVE,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def readers_fingerprint() -> str:
    """Return a digest of the code that reads, and of the libraries it reads with."""
    digest = hashlib.sha256()
    for module in READERS:
        digest.update(Path(str(module.__file__)).read_bytes())
    digest.update(Path(__file__).read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()


def _sql_type(type_: pa.DataType) -> str:
    if not pa.types.is_struct(type_):
        return "VARCHAR"
    kinds = {pa.string(): "VARCHAR", pa.bool_(): "BOOLEAN"}
    return f"STRUCT({', '.join(f'{field.name} {kinds[field.type]}' for field in type_)})"


class Reader:
    """Reads values, each once as long as it is remembered. DuckDB counts the parameters by the signature."""

    def __init__(self, read: Callable[..., Any]) -> None:
        self._read = read
        self.__signature__ = inspect.signature(read)
        self._known: dict[tuple[str | bool | None, ...], Any] = {}
        self._count_bytes = 0

    @property
    def count_bytes(self) -> int:
        """What is remembered, in bytes."""
        return self._count_bytes

    def __call__(self, *arguments: str | bool | None) -> Any:
        """Return what is read; None if that fails."""
        if any(isinstance(argument, str) and len(argument) > _LONGEST_REMEMBERED for argument in arguments):
            return self._value(arguments)
        if arguments not in self._known:
            if len(self._known) >= _REMEMBERED or self._count_bytes >= _REMEMBERED_BYTES:
                self._known.clear()
                self._count_bytes = 0
            self._known[arguments] = self._value(arguments)
            self._count_bytes += _ENTRY_BYTES + sum(map(sys.getsizeof, arguments))
        return self._known[arguments]

    def _value(self, arguments: tuple[str | bool | None, ...]) -> Any:
        try:
            return self._read(*arguments)
        except Exception:  # whatever one value is, the others are read
            _logger.exception("a value can't be read", extra={"reader": self._read.__name__})
            return None


class _Column:
    """Reads whole columns."""

    def __init__(self, read: Reader, type_: pa.DataType) -> None:
        self._read = read
        self._type = type_
        self.__signature__ = read.__signature__

    def __call__(self, *columns: pa.ChunkedArray) -> pa.Array:
        read = self._read
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return pa.array([read(*row) for row in rows], type=self._type)


def _phone(text: str | None, region: str | None) -> dict[str, Any] | None:
    if text is None or region is None:
        return None
    number = read_phone(text, region=region)
    return (
        None
        if number is None
        else {"e164": number.e164, "extension": number.extension, "is_nobodys": number.is_nobodys}
    )


def _email(text: str | None) -> dict[str, Any] | None:
    email = None if text is None else read_email(text)
    return None if email is None else {"address": email.address, "is_nobodys": email.is_nobodys}


def _name(full: str | None, first: str | None, last: str | None) -> dict[str, Any] | None:
    name = read_name(full, first, last)
    return (
        None
        if name is None
        else {
            "full_name": name.full,
            "first_name": name.first,
            "last_name": name.last,
            "is_complete": name.is_complete,
        }
    )


def _reply(text: str | None, languages: str | None, is_cancel_stop: bool | None) -> str | None:
    if text is None:
        return None
    return read_reply(text, languages=(languages or "").split(","), is_cancel_stop=bool(is_cancel_stop))


def _id_shape(value: str | None) -> str | None:
    return None if value is None else id_shape(value)
