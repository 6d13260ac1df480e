"""Money in minor units: how many digits each currency has behind the point (ISO 4217)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_DEFAULT_EXPONENT = 2
_ZERO_DECIMALS = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_EXPONENTS = {**dict.fromkeys(_ZERO_DECIMALS, 0), **dict.fromkeys(_THREE_DECIMALS, 3)}


def minor_unit_exponent(currency: str) -> int:
    """Return how many decimal digits a currency has (2 for AUD, 0 for JPY, 3 for KWD)."""
    return _EXPONENTS.get(currency, _DEFAULT_EXPONENT)


def format_minor_units(amount_minor: int, currency: str) -> str:
    """Return minor units as an amount with its currency.

    >>> format_minor_units(124050, "AUD"), format_minor_units(500, "JPY")
    ('1,240.50 AUD', '500 JPY')
    """
    digits = minor_unit_exponent(currency)
    return f"{Decimal(amount_minor).scaleb(-digits):,.{digits}f} {currency}"


def to_minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount of the major unit in minor units, rounded half up.

    >>> to_minor_units(Decimal("89.00"), "USD"), to_minor_units(Decimal("500"), "JPY")
    (8900, 500)
    """
    return int((amount * 10 ** minor_unit_exponent(currency)).to_integral_value(rounding=ROUND_HALF_UP))
