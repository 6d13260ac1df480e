"""Texts between a business and one customer, by Twilio or ClickSend; who said STOP gets no more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from random import Random

from sandbox.people import Person
from sandbox.providers import clicksend, history, twilio
from sandbox.story.agenda import Agenda, Setting
from sandbox.story.chance import happens, shortly

_FAILURE_RATE = 0.025
_STOP_RATE = 0.006  # of replies and of unasked nudges alike


class Texts(ABC):
    """The conversation with one customer."""

    def __init__(self, setting: Setting, agenda: Agenda, person: Person, rng: Random) -> None:
        self._setting = setting
        self._agenda = agenda
        self._person = person
        self._rng = rng
        self._stopped_at: datetime | None = None

    def send(self, at: datetime, label: str, text: str, *, by_staff: bool = False) -> None:
        """Send a text, unless the customer said STOP before. `label` is unique within the customer's journey.

        What no person writes is the older system's, and comes from Frontdesk once that is at work.
        """
        is_frontdesks = not by_staff and at >= self._setting.texts_until
        if not is_frontdesks and (self._stopped_at is None or at < self._stopped_at):
            self._send(at, label, text)

    def receive(self, at: datetime, label: str, text: str) -> None:
        """Let the customer write."""
        if happens(self._rng, _STOP_RATE):
            text = "STOP"
        if text == "STOP":
            self._stopped_at = at
        self._receive(at, label, text)

    @abstractmethod
    def _send(self, at: datetime, label: str, text: str) -> None: ...

    @abstractmethod
    def _receive(self, at: datetime, label: str, text: str) -> None: ...


class ClickSendTexts(Texts):
    """ClickSend's receipts hold no number and no text: what was said comes from the older system's sent list."""

    def __init__(self, setting: Setting, agenda: Agenda, person: Person, rng: Random) -> None:
        super().__init__(setting, agenda, person, rng)
        self._number = setting.business.public_id("clicksend", "phone_number", otherwise=setting.business.phone)
        self._last = ("", "")

    def _send(self, at: datetime, label: str, text: str) -> None:
        slug, message = self._setting.slug, clicksend.message_id(self._person.key, label)
        payload = {"message_id": message, "contact": {"phone": self._person.phone}, "channel": "sms", "body": text}
        self._agenda.add(
            at, history.fact, slug, system="clicksend", fact_type="message.sent", key=message, subject_id=message,
            payload=payload,
        )  # fmt: skip
        code = clicksend.FAILED if happens(self._rng, _FAILURE_RATE) else clicksend.DELIVERED
        received_at = at + shortly(self._rng, seconds=9)
        self._agenda.add(received_at, clicksend.receipt, slug, message=message, sent_at=at, code=code, custom=label)
        self._last = (message, text)

    def _receive(self, at: datetime, label: str, text: str) -> None:
        self._agenda.add(
            at, clicksend.inbound, self._setting.slug, message=clicksend.message_id(self._person.key, label, "in"),
            sender=self._person.phone, recipient=self._number, text=text, reply_to=self._last,
        )  # fmt: skip


class TwilioTexts(Texts):
    """Twilio posts no time: texts before the setting's dated_from come from the older system's list instead."""

    def __init__(self, setting: Setting, agenda: Agenda, person: Person, rng: Random) -> None:
        super().__init__(setting, agenda, person, rng)
        self._number = setting.business.public_id("twilio", "phone_number", otherwise=setting.business.phone)

    def _send(self, at: datetime, label: str, text: str) -> None:
        sid = twilio.message_sid(self._person.key, label)
        is_lost = happens(self._rng, _FAILURE_RATE)
        ended_at = at + shortly(self._rng, seconds=4)
        if at < self._setting.dated_from:
            if is_lost:
                self._tell(ended_at, sid, "message.failed", {"body": text, "error_code": "30003"})
            else:
                self._tell(ended_at, sid, "message.delivered", {"body": text})
            return
        # What was said is in no callback: the sent list has it.
        self._tell(at, sid, "message.sent", {"body": text})
        status, error_code = ("undelivered", "30003") if is_lost else ("delivered", None)
        numbers = {"sender": self._number, "recipient": self._person.phone}
        self._agenda.add(
            at + timedelta(milliseconds=400), twilio.status, self._setting.slug, sid=sid, status="sent", **numbers
        )
        self._agenda.add(
            ended_at + timedelta(milliseconds=600), twilio.status, self._setting.slug, sid=sid, status=status,
            error_code=error_code, **numbers,
        )  # fmt: skip

    def _receive(self, at: datetime, label: str, text: str) -> None:
        sid = twilio.message_sid(self._person.key, label, "in")
        if at < self._setting.dated_from:
            self._tell(at, sid, "message.received", {"body": text})
        else:
            self._agenda.add(
                at, twilio.inbound, self._setting.slug, sid=sid, sender=self._person.phone, recipient=self._number,
                text=text, country=self._person.country,
            )  # fmt: skip

    def _tell(self, at: datetime, sid: str, fact_type: str, fields: dict[str, str]) -> None:
        contact = {"phone": self._person.phone}
        self._agenda.add(
            at, history.fact, self._setting.slug, system="twilio", fact_type=fact_type, key=sid, subject_id=sid,
            payload={"message_id": sid, "contact": contact, "channel": "sms", **fields},
        )  # fmt: skip
