"""Texts by ClickSend's REST API: a 200 says nothing yet, each message has a status of its own.

Not by ClickSend's library: it refuses answers of a form that it does not expect after the text has been sent.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx

from frontdesk.connectors.account import SendingAccount
from frontdesk.connectors.answers import (
    Accepted,
    Answer,
    CannotTell,
    Doubt,
    Found,
    LookUp,
    NotFound,
    Refused,
    Unknown,
)
from frontdesk.connectors.content import Letter
from frontdesk.connectors.http_calls import call, open_client
from frontdesk.connectors.references import reference_of
from frontdesk.connectors.retry_after import parse_retry_after
from frontdesk.core.clock import Clock

#: The message's own fault; whatever else it says may be over later.
_PERMANENT = frozenset(
    {
        "INVALID_RECIPIENT",
        "EMPTY_MESSAGE",
        "TOO_MANY_RECIPIENTS",
        "MISSING_REQUIRED_FIELDS",
        "INVALID_SCHEDULE",
        "COUNTRY_NOT_ENABLED",
    }
)
_THROTTLED = "THROTTLED"
_PAGE, _MOST_PAGES = 100, 100
#: ClickSend's clock against ours.
_SKEW = timedelta(minutes=1)
#: "The same words to the same number moments ago": how long that lasts is not documented.
_THROTTLED_FOR = timedelta(minutes=1)


class ClickSendDeliverer:
    """Texts of one tenant."""

    def __init__(self, client: httpx.Client, *, username: str, api_key: str, clock: Clock) -> None:
        self._client = client
        self._auth = (username, api_key)
        self._clock = clock

    def deliver(self, command_key: str, content: Letter, /) -> Answer:
        """Send the text, with the command's reference as its custom_string."""
        message = {
            "to": content.to,
            "from": content.sender,
            "body": content.text,
            "source": "frontdesk",
            "custom_string": reference_of(command_key),
        }
        answer = call(lambda: self._client.post("/v3/sms/send", json={"messages": [message]}, auth=self._auth))
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code != HTTPStatus.OK:
            return self._refusal(answer)
        sent_message = _only_message(answer)
        if sent_message is None:
            return Unknown("answered 200 without a status of the message")
        status = str(sent_message["status"])
        if status == "SUCCESS":
            return Accepted(str(sent_message.get("message_id", "")))
        return Refused(
            reason=f"ClickSend: {status}",
            is_permanent=status in _PERMANENT,
            retry_after=self._clock.now() + _THROTTLED_FOR if status == _THROTTLED else None,
            error_code=status,
        )

    def look_up(self, doubt: Doubt[Letter], /) -> LookUp:
        """Search the history for the command's reference; if that finds nothing, read all that was sent since.

        That the search takes this field is not documented: what it finds is there, what it does not find may be.
        """
        reference = reference_of(doubt.command_key)
        earliest = (doubt.since - _SKEW).timestamp()
        searched = self._read(reference, earliest=earliest, query=f"custom_string:{reference}")
        if not isinstance(searched, NotFound):
            return searched
        return self._read(reference, earliest=earliest, query=None)

    def _read(self, reference: str, *, earliest: float, query: str | None) -> LookUp:
        """Read the history page by page: to its end, or to what was sent before if the newest come first.

        Which come first is not documented: it is what the rows show.
        """
        newest = oldest = None  # of the rows so far, as long as each is as old as the one before or older
        is_descending = True
        for page in range(1, _MOST_PAGES + 1):
            answer = self._read_history(page, query)
            if not isinstance(answer, httpx.Response):
                return CannotTell(reason=answer.reason)
            if answer.status_code != HTTPStatus.OK:
                return CannotTell(reason=f"ClickSend answered {answer.status_code}")
            try:
                data = answer.json()["data"]
                rows = data["data"]
                last_page = int(data["last_page"]) if data.get("last_page") is not None else None
                found = [row for row in rows if row.get("custom_string") == reference]
                dates = [float(row["date"]) if row.get("date") is not None else None for row in rows]
            except (ValueError, KeyError, TypeError, AttributeError):
                return CannotTell(reason="ClickSend's history can't be read")
            if found:
                return Found(str(found[0].get("message_id", "")))
            for date in dates:
                is_descending &= date is not None and (oldest is None or date <= oldest)
                newest, oldest = (date if newest is None else newest), date
            is_all = page >= last_page if last_page is not None else len(rows) < _PAGE
            has_order = is_descending and newest is not None and oldest is not None and newest > oldest
            if is_all or (has_order and oldest is not None and oldest < earliest):
                return NotFound()
        return CannotTell(reason=f"more than {_PAGE * _MOST_PAGES:,} texts were sent since then", is_final=True)

    def _read_history(self, page: int, search: str | None) -> httpx.Response | Refused | Unknown:
        query: dict[str, str | int] = {"limit": _PAGE, "page": page} | ({"q": search} if search else {})
        return call(lambda: self._client.get("/v3/sms/history", params=query, auth=self._auth))

    def _refusal(self, answer: httpx.Response) -> Refused:
        return Refused(
            reason=f"ClickSend {answer.status_code}: {answer.text[:200]}",
            is_permanent=answer.status_code == HTTPStatus.BAD_REQUEST,
            is_set_up=answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
            retry_after=parse_retry_after(answer.headers.get("retry-after"), now=self._clock.now()),
            error_code=str(answer.status_code),
        )


def _only_message(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        [message] = answer.json()["data"]["messages"]
    except (ValueError, KeyError, TypeError):
        return None
    return message if isinstance(message, dict) and "status" in message else None


def open_deliverer(account: SendingAccount) -> ClickSendDeliverer:
    """Return the deliverer of one business's account."""
    return ClickSendDeliverer(
        open_client(account.settings.api_url_clicksend),
        username=account.secret("CLICKSEND_USERNAME"),
        api_key=account.secret("CLICKSEND_API_KEY"),
        clock=account.clock,
    )
