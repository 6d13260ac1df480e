"""What an error of the database says: that the database is away, or that this can't be stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from frontdesk.core.errors import FrontdeskError


@contextmanager
def translated_errors(unavailable: Callable[[str], FrontdeskError], *, what: str) -> Iterator[None]:
    """Turn the database's errors into ours; only what passes becomes `unavailable`, and the work is tried again.

    Raises ValueError if a value can't be stored at all. An IntegrityError stays one: it is a half-state that the
    tables refused, a fault of ours, which must not look like an outage.
    """
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        if is_about_values(error):
            raise ValueError(f"{what} can't store this: {error}") from error
        raise unavailable(f"{what} can't be used now: {reason_of(error)}") from error


def is_about_values(error: SQLAlchemyError) -> bool:
    """Tell whether the values are at fault, and not the database."""
    # A StatementError that is no DBAPIError was raised before the database was asked.
    return isinstance(error, DataError) or (isinstance(error, StatementError) and not isinstance(error, DBAPIError))


def is_of_one(error: SQLAlchemyError) -> bool:
    """Tell whether what is written is at fault: tried again, it fails again."""
    return isinstance(error, IntegrityError) or is_about_values(error)


def reason_of(error: SQLAlchemyError) -> str:
    """Return the driver's words, without SQLAlchemy's own around them."""
    return str(getattr(error, "orig", None) or error)
