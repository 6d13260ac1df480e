"""Why a price is not told, or no longer holds; each refusal has one fixed word for programs."""

from __future__ import annotations

from collections.abc import Mapping

from frontdesk.core.errors import FrontdeskError


class NotPriceableError(FrontdeskError):
    """What is asked for has no price: something is not known, not offered, or the promo code does not count."""

    http_status = 422
    title = "No price"

    def __init__(self, detail: str, *, reason: str) -> None:
        super().__init__(detail, reason=reason)
        self.reason = reason


class PricesWrongError(FrontdeskError):
    """The business's prices can't be used now: what they would give is not what was written."""

    http_status = 503
    title = "Prices not available"


class UnknownQuoteError(FrontdeskError):
    """The business told no price of this id."""

    http_status = 404
    title = "No such price"


class PriceChangedError(FrontdeskError):
    """A price that was told no longer holds, and today's is another."""

    http_status = 409
    title = "Price changed"

    def __init__(self, detail: str, *, quoted: Mapping[str, object], now: Mapping[str, object] | None) -> None:
        """Take both prices, as their snapshots say; None where there is none now."""
        super().__init__(detail, reason="price-changed", quoted=quoted, now=now)


class QuoteNotGenuineError(FrontdeskError):
    """What is said to have been told was not: it was changed since, or never computed so."""

    http_status = 409
    title = "Not the price that was told"
