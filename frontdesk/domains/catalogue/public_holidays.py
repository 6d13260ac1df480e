"""Public holidays of countries and their parts, from the library `holidays`.

It is loaded where it is first asked: it takes 15 MB, and most processes never ask.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from importlib import import_module

from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.catalogue.settings import BookableBusiness

#: Of one installation's countries, subdivisions and years; each is some dozen days.
_KEPT_YEARS = 512


def holidays_of(business: BookableBusiness, *, year: int) -> frozenset[date]:
    """Return the days of a year on which a business is closed for a public holiday.

    Raises ConfigurationError for a country or subdivision that is not known.
    """
    rule = business.public_holidays
    if rule is None:
        return frozenset()
    days = _public_holidays(rule.country or business.country, rule.subdivision, year)
    return days - set(rule.open_on)


def check_holidays(business: BookableBusiness) -> None:
    """Raise ConfigurationError if the country or subdivision of its public holidays is not known."""
    holidays_of(business, year=2026)


@lru_cache(maxsize=_KEPT_YEARS)
def _public_holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    library = import_module("holidays")
    try:
        return frozenset(library.country_holidays(country, subdiv=subdivision, years=year))
    except RuntimeError as error:  # of the library, for what it does not know
        where = f"{country} with the subdivision {subdivision}" if subdivision else country
        raise ConfigurationError(
            f"public_holidays: no holidays are known of {where}; write those days under exceptions instead"
        ) from error
