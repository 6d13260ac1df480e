"""Why a booking can't be made or changed; each says what to do, and has what a program needs to go on."""

from __future__ import annotations

from frontdesk.core.errors import FrontdeskError, UnavailableError


class BookingsUnavailableError(UnavailableError):
    """Bookings can't be written or read now: full disk, read-only file, database down."""

    title = "Bookings not available"


class SlotTakenError(FrontdeskError):
    """Somebody else has the time. Members: reason, alternatives, log_position."""

    http_status = 409
    title = "Slot taken"


class WrongStateError(FrontdeskError):
    """What is asked for can't be done to a booking that stands like this. Members: reason, booking_status."""

    http_status = 409
    title = "Not possible now"


class HoldExpiredError(FrontdeskError):
    """The time is not kept any more. Members: reason, expired_at."""

    http_status = 410
    title = "Hold expired"


class NotBookableError(FrontdeskError):
    """No such start can be booked, whoever asks. Members: reason, rule, first_bookable_at."""

    http_status = 422
    title = "Not bookable"


class UnknownBookingError(FrontdeskError):
    """There is no booking of ours with this id."""

    http_status = 404
    title = "No such booking"


class UnknownEntryError(FrontdeskError):
    """There is no entry of a waitlist with this id."""

    http_status = 404
    title = "No such entry"


class EntryStateError(FrontdeskError):
    """An entry of a waitlist stands otherwise than this needs. Members: reason, entry_status."""

    http_status = 409
    title = "Not possible now"


class OfferExpiredError(FrontdeskError):
    """The offer was not answered in time. Members: reason, expired_at."""

    http_status = 410
    title = "Offer expired"


class WindowError(FrontdeskError):
    """Nobody can wait for a start in this time. Members: reason."""

    http_status = 422
    title = "Not a time to wait for"


class TooManyEntriesError(FrontdeskError):
    """Somebody waits for as many times as one may. Members: reason."""

    http_status = 429
    title = "Too many entries"


class TooManyHoldsError(FrontdeskError):
    """Who asks keeps as many times as one may. Members: reason."""

    http_status = 429
    title = "Too many holds"


class KeyReusedError(FrontdeskError):
    """The idempotency key came with another request before."""

    http_status = 422
    title = "Key used before"


class OtherPriceError(FrontdeskError):
    """The price that is named is of something else, or another booking's. Members: reason."""

    http_status = 422
    title = "Price of something else"


class UnknownLinkError(FrontdeskError):
    """A link leads to no booking: mistyped, made up, replaced by a newer one, or over. All of them look the same."""

    http_status = 404
    title = "No such link"


class TooLateToChangeError(FrontdeskError):
    """Customers can't change the booking themselves any more. Members: reason."""

    http_status = 422
    title = "Too late to change"
