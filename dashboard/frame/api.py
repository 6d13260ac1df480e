"""Speaks to /v1 for one business: every change staff make, and what only the outbox knows."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from frontdesk.core.errors import FrontdeskError
from frontdesk.domains.bookings.facts import Status
from frontdesk.domains.bookings.shapes import BookingList, BookingRead, ServiceList, SlotList
from frontdesk.domains.reports.shapes import ReportMade
from frontdesk.domains.rules.explanations.shapes import CommandExplanation
from frontdesk.domains.sending.outbox.commands import Channel, CommandState
from frontdesk.domains.sending.outbox.shapes import CommandPage, CommandWithAttempts, HoldRead, MessageAccepted
from frontdesk.domains.staff.shapes import SessionRead

#: The receiver answers in milliseconds; a page that waits longer looks broken.
_TIMEOUT_SECONDS = 3.0
#: A report is counted and drawn while the page says so.
_REPORT_TIMEOUT_SECONDS = 130.0
_OF_EVERY_PROBLEM = frozenset({"type", "title", "status", "detail", "instance"})
_Shape = TypeVar("_Shape", bound=BaseModel)


class ApiUnavailableError(FrontdeskError):
    """Nothing can be done over /v1 now: not signed in, or nobody answers there. The detail is one line for staff."""

    http_status = 503
    title = "Actions are off"


class SignedOutError(ApiUnavailableError):
    """The session is over, or there was none; the detail is the receiver's own."""


class ApiRefusedError(FrontdeskError):
    """/v1 answered that it can't be done; the detail is its own."""

    http_status = 409
    title = "Not done"


def receiver_client(base_url: str, *, token: str = "") -> httpx.Client:
    """Return a client of the receiver, which waits for seconds at most."""
    return httpx.Client(
        base_url=base_url,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=_TIMEOUT_SECONDS,
        # The receiver is on this machine; a proxy of the environment must not see the token.
        trust_env=False,
        # And it speaks plain HTTP: without any authority, because reading them all takes a click 20 ms.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )


class BusinessApi:
    """The /v1 of one receiver for a person's session with one business.

    A context manager: it keeps its connection meanwhile.
    """

    def __init__(self, url: str, *, token: str) -> None:
        self._url = url
        self._client = receiver_client(f"{url}/v1", token=token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def show_session(self, *, is_use: bool) -> SessionRead:
        """Return whose session this is. Raises SignedOutError if it is over."""
        return _read(SessionRead, self._ask("GET", "/sessions/current", params={"is_use": is_use}))

    def sign_out(self) -> None:
        """End the session; one that is over already stays so."""
        answer = self._client_request("DELETE", "/sessions/current")
        if answer.status_code != HTTPStatus.UNAUTHORIZED:
            _content(answer)

    def note(self, action: str, subject: str) -> None:
        """Note in the audit trail what the person reads or takes away."""
        self._ask("POST", "/audit", json={"action": action, "subject": subject})

    def send_message(self, message: Mapping[str, Any], *, idempotency_key: str) -> MessageAccepted:
        """Ask for a text or e-mail; asking again with the same key asks once."""
        headers = {"Idempotency-Key": idempotency_key}
        return _read(MessageAccepted, self._ask("POST", "/messages", json=message, headers=headers))

    def need_no_reply(self, message_id: str) -> None:
        """Say that what a contact wrote needs no reply; said twice it stays said."""
        self._ask("POST", f"/messages/{quote(message_id)}:no-reply-needed")

    def complete_task(self, task_id: str) -> None:
        """Tell that a task is done; one that is done already stays so."""
        self._ask("POST", f"/tasks/{quote(task_id)}:complete", json={})

    def snooze_task(self, task_id: str, *, until: datetime) -> None:
        """Put a task out of sight until an instant."""
        self._ask("POST", f"/tasks/{quote(task_id)}:snooze", json={"until": until.isoformat()})

    def reassign_task(self, task_id: str, *, assigned_to: str) -> None:
        """Give a task to somebody."""
        self._ask("POST", f"/tasks/{quote(task_id)}:reassign", json={"assigned_to": assigned_to})

    def list_services(self) -> ServiceList:
        """Return what can be booked, and who does it."""
        return _read(ServiceList, self._ask("GET", "/services"))

    def list_free(self, service_key: str, *, begins: datetime, ends: datetime, person: str | None) -> SlotList:
        """Return the starts of a service that are free within a time, with a person or with any."""
        given = {"service_key": service_key, "from": begins.isoformat(), "to": ends.isoformat(), "person": person}
        query = {name: value for name, value in given.items() if value is not None}
        return _read(SlotList, self._ask("GET", "/availability", params=query))

    def list_bookings(self, *, begins: datetime, ends: datetime, statuses: Sequence[Status]) -> BookingList:
        """Return the bookings that were made here and begin within a time."""
        query = {"from": begins.isoformat(), "to": ends.isoformat(), "status": list(statuses)}
        return _read(BookingList, self._ask("GET", "/bookings", params=query))

    def find_booking(self, booking_id: str) -> BookingRead | None:
        """Return a booking that was made here, None if there is none of this id."""
        answer = self._request("GET", f"/bookings/{quote(booking_id, safe='')}")
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _read(BookingRead, _content(answer))

    def book(self, booking: Mapping[str, Any], *, idempotency_key: str) -> BookingRead:
        """Make a booking; asking again with the same key makes it once."""
        headers = {"Idempotency-Key": idempotency_key}
        return _read(BookingRead, self._ask("POST", "/bookings", json=booking, headers=headers))

    def change_booking(self, booking_id: str, verb: str, *, idempotency_key: str, **given: str | None) -> BookingRead:
        """Change a booking by a verb of /v1, such as cancel; asking again with the same key changes it once."""
        body = {name: value for name, value in given.items() if value is not None}
        headers = {"Idempotency-Key": idempotency_key}
        path = f"/bookings/{quote(booking_id, safe='')}:{verb}"
        return _read(BookingRead, self._ask("POST", path, json=body, headers=headers))

    def change_stage(
        self, *, pipeline: str, stage: str, booking_id: str | None, contact: Mapping[str, str] | None
    ) -> None:
        """Tell that a booking, or else a person, came into a stage."""
        subject = {"booking_id": booking_id, "contact": contact}
        given = {name: value for name, value in subject.items() if value is not None}
        self._ask("POST", "/stage-changes", json={"pipeline": pipeline, "stage": stage, **given})

    def decide_identity(
        self, decision: str, identifiers: Sequence[Mapping[str, str]], *, idempotency_key: str
    ) -> None:
        """Say whether two identifiers (kind, value) are one person's; asking again with the same key says it once."""
        headers = {"Idempotency-Key": idempotency_key}
        body = {"decision": decision, "identifiers": list(identifiers)}
        self._ask("POST", "/identity-decisions", json=body, headers=headers)

    def list_commands(
        self,
        *,
        states: Sequence[CommandState] = (),
        channel: Channel | None = None,
        rule_id: str | None = None,
        contact_id: str | None = None,
        limit: int = 100,
    ) -> CommandPage:
        """Return commands, newest first, and the depth of every channel."""
        given = {"channel": channel, "rule": rule_id, "contact": contact_id, "limit": limit}
        query = {name: value for name, value in given.items() if value is not None}
        return _read(CommandPage, self._ask("GET", "/outbox", params={**query, "state": list(states)}))

    def find_command(self, command_key: str) -> CommandWithAttempts | None:
        """Return a command with its attempts, None if the outbox has none of this key."""
        answer = self._request("GET", f"/outbox/{quote(command_key)}")
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _read(CommandWithAttempts, _content(answer))

    def explain_command(self, command_key: str) -> CommandExplanation | None:
        """Return why a command is what it is, None if nothing is known of this key."""
        answer = self._request("GET", f"/commands/{quote(command_key)}/why")
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _read(CommandExplanation, _content(answer))

    def download_report(self, report_id: str, ending: str) -> bytes:
        """Return one file of a report: html, pdf or json."""
        answer = self._request("GET", f"/reports/{quote(report_id)}.{quote(ending)}")
        if not answer.is_success:
            _content(answer)
        return answer.content

    def make_report(self, *, kind: str, start: date, mail: bool) -> ReportMade:
        """Create of a period that is over, by what is known now; takes some seconds."""
        body = {"kind": kind, "start": start.isoformat(), "mail": mail}
        return _read(ReportMade, self._ask("POST", "/reports", json=body, timeout=_REPORT_TIMEOUT_SECONDS))

    def redrive(self, command_key: str) -> None:
        """Let a dead command wait again, with all its tries."""
        self._ask("POST", f"/outbox/{quote(command_key)}/redrive")

    def redrive_matching(self, *, channel: Channel | None = None, rule_id: str | None = None) -> int:
        """Let all dead commands that match wait again; return how many."""
        given = {"channel": channel, "rule_id": rule_id}
        return len(self._ask("POST", "/outbox:redrive", json=given)["command_keys"])

    def resolve(
        self, command_key: str, *, attempt_number: int, was_sent: bool, resolved_by: str, provider_id: str | None
    ) -> None:
        """Settle an uncertain command by what was found out about its last attempt."""
        body: dict[str, Any] = {"attempt_number": attempt_number, "resolved_by": resolved_by}
        found = {"found": "sent", "provider_id": provider_id} if was_sent else {"found": "not_sent"}
        self._ask("POST", f"/outbox/{quote(command_key)}/resolve", json=body | found)

    def list_holds(self) -> tuple[HoldRead, ...]:
        """Return the holds in force on this business, oldest first."""
        return tuple(_read(HoldRead, hold) for hold in self._ask("GET", "/holds")["holds"])

    def hold(self, *, channel: Channel | None, rule_id: str | None, reason: str, held_by: str) -> None:
        """Hold a scope: its commands stay in the outbox until released."""
        body = {"channel": channel, "rule_id": rule_id, "reason": reason, "held_by": held_by}
        self._ask("POST", "/holds", json=body)

    def release(self, *, channel: Channel | None, rule_id: str | None, released_by: str) -> None:
        """Release exactly this scope."""
        given = {"channel": channel, "rule_id": rule_id, "released_by": released_by}
        self._ask("DELETE", "/holds", params={name: value for name, value in given.items() if value is not None})

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        return _content(self._request(method, path, **request))

    def _request(self, method: str, path: str, **request: Any) -> httpx.Response:
        answer = self._client_request(method, path, **request)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise SignedOutError(_detail_of(answer))
        return answer

    def _client_request(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **request)
        except httpx.TransportError as error:
            raise ApiUnavailableError(
                "Frontdesk does not answer right now, so nothing can be sent or changed. Try again in a minute; "
                "if it stays so, tell whoever runs it (no receiver answers; `frontdesk up` starts it)."
            ) from error


def _content(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    raise ApiRefusedError(_detail_of(answer), **_members_of(answer))


def _detail_of(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the receiver answered {answer.status_code}"


def _members_of(answer: httpx.Response) -> dict[str, Any]:
    """Return what a refusal tells besides its words, such as the alternatives to a time that is taken."""
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return {name: value for name, value in problem.items() if name not in _OF_EVERY_PROBLEM}


def _read(shape: type[_Shape], content: Any) -> _Shape:
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        raise ApiRefusedError(
            f"the receiver's answer is of another version of Frontdesk ({error.error_count()} differences); "
            "start receiver and dashboard from the same one"
        ) from error
