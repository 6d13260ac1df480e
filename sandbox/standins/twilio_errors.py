"""Twilio's errors: code, HTTP status and words, as https://www.twilio.com/docs/api/errors lists them."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

_ERRORS = {
    20001: (400, "Bad Request"),
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "Invalid 'To' Phone Number"),
    21408: (400, "Permission to send an SMS or MMS has not been enabled for the region indicated by the 'To' number"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio phone number"),
    21608: (400, "The number is unverified. Trial accounts cannot send messages to unverified numbers"),
    21609: (400, "The 'StatusCallback' URL is not a valid URL"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21612: (400, "The 'To' phone number is not currently reachable using the 'From' phone number via SMS"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
}

#: Numbers that Twilio documents for its test credentials; each gives its error.
MAGIC_RECIPIENTS = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}


def twilio_error(code: int, *, status: int | None = None) -> Response:
    """Return the error's answer. A code that is not listed here is a plain 400, unless a status is given."""
    usual_status, message = _ERRORS.get(code, (400, "Bad Request"))
    status = status or usual_status
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse(
        {"code": code, "message": message, "more_info": more_info, "status": status}, status_code=status
    )


class TwilioForms:
    """The errors that have nothing to do with the request."""

    def rate_limited(self) -> Response:
        """Return 429: too many requests at a time."""
        return twilio_error(20429)

    def server_error(self, status: int) -> Response:
        """Return a 5xx."""
        return twilio_error(20500, status=status)
