"""Why a price is not told, or no longer holds; each refusal has one fixed word for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontdesk.core.errors import FrontdeskError

if TYPE_CHECKING:
    from frontdesk.domains.prices.snapshot import QuotedPrice  # which raises these


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

    def __init__(self, detail: str, *, quoted: QuotedPrice, now: QuotedPrice | None) -> None:
        """Take both prices; None where there is none now."""
        content = None if now is None else now.content
        super().__init__(detail, reason="price-changed", quoted=quoted.content, now=content)
        self.now = now


class QuoteNotGenuineError(FrontdeskError):
    """What is said to have been told was not: it was changed since, or never computed so."""

    http_status = 409
    title = "Not the price that was told"
