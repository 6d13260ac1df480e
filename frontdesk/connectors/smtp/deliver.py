"""E-mails by SMTP with STARTTLS (RFC 5321, 3207). SMTP can't be asked afterwards what became of a message."""

from __future__ import annotations

import smtplib
import ssl
import time
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Any

from frontdesk.connectors.account import SendingAccount
from frontdesk.connectors.answers import Accepted, Answer, CannotTell, Doubt, LookUp, Refused, Unknown
from frontdesk.connectors.content import Letter
from frontdesk.connectors.http_calls import describe_error, is_this_machine
from frontdesk.connectors.microsoft_graph.deliver import REFERENCE_HEADER
from frontdesk.connectors.references import message_id_of, reference_of
from frontdesk.core.clock import Clock
from frontdesk.core.email_address import mailable_address
from frontdesk.core.errors import ConfigurationError

_OK, _ALSO_OK, _PERMANENT = 250, 251, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where e-mails are handed in."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    seconds: float = 30.0  #: for the whole call, from the connection to the last answer


class _RefusedError(Exception):
    """Ends a call whose message surely was not taken."""

    def __init__(self, answer: Refused) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class SmtpDeliverer:
    """E-mails of one tenant: a connection for each, so that none inherits another's trouble."""

    def __init__(self, server: MailServer, *, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def deliver(self, command_key: str, content: Letter, /) -> Answer:
        """Hand in the e-mail; its id is its Message-ID, made from the command's key."""
        try:
            content = _addressed(content)
            message_id = message_id_of(command_key, sender=content.sender)
            data = self._mail(command_key, content, message_id=message_id).as_bytes()
        except _RefusedError as error:
            return error.answer
        except (ValueError, LookupError) as error:
            return Refused(reason=f"no e-mail can be made of it: {describe_error(error)}", is_permanent=True)
        return self._send(content, data, message_id=message_id)

    def _send(self, content: Letter, data: bytes, *, message_id: str) -> Answer:
        ends_at = time.monotonic() + self._server.seconds
        try:
            connection = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            return _refusal(error)
        try:
            try:
                self._prepare(connection, content, ends_at=ends_at)
            except _RefusedError as error:
                return error.answer
            except (OSError, smtplib.SMTPException) as error:
                return _refusal(error)
            except ValueError as error:  # such as user name or password in letters that SMTP does not have
                return Refused(reason=f"the mail server can't be told: {describe_error(error)}", is_set_up=True)
            _limit(connection, ends_at)
            return _hand_in(connection, data, message_id=message_id)
        finally:
            connection.close()

    def look_up(self, _: Doubt[Letter], /) -> LookUp:
        """Say that SMTP has no way to ask."""
        return CannotTell(reason="a mail server can't be asked what it took; ask the recipient", is_final=True)

    def _connect(self) -> smtplib.SMTP:
        return smtplib.SMTP(self._server.host, self._server.port, timeout=self._server.seconds)

    def _prepare(self, connection: smtplib.SMTP, content: Letter, *, ends_at: float) -> None:
        _limit(connection, ends_at)
        connection.ehlo_or_helo_if_needed()
        is_local = is_this_machine(self._server.host)
        if connection.has_extn("starttls"):
            # A server on this machine, such as the sandbox's, has a certificate that it made itself.
            context = ssl._create_unverified_context() if is_local else ssl.create_default_context()  # noqa: S323 - see above
            _limit(connection, ends_at)
            connection.starttls(context=context)
            connection.ehlo()
        elif not is_local:
            raise _RefusedError(
                Refused(reason=f"{self._server.host} offers no STARTTLS; e-mails go out encrypted only")
            )
        _limit(connection, ends_at)
        connection.login(self._server.username, self._server.password)
        _limit(connection, ends_at)
        code, words = connection.mail(content.sender)
        if code != _OK:
            # The sender is the set-up's: no message is lost for it.
            raise _RefusedError(Refused(reason=_describe_reply(code, words), error_code=str(code)))
        _limit(connection, ends_at)
        code, words = connection.rcpt(content.to)
        if code not in (_OK, _ALSO_OK):
            raise _RefusedError(
                Refused(reason=_describe_reply(code, words), is_permanent=code >= _PERMANENT, error_code=str(code))
            )

    def _mail(self, command_key: str, content: Letter, *, message_id: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = content.sender
        mail["To"] = content.to
        mail["Subject"] = " ".join((content.subject or "").split())
        mail["Date"] = format_datetime(self._clock.now())
        mail["Message-ID"] = message_id
        mail[REFERENCE_HEADER] = reference_of(command_key)
        mail.set_content(content.text)
        for each in content.attachments:
            main_type, _, sub_type = each.media_type.partition("/")
            mail.add_attachment(each.content, maintype=main_type, subtype=sub_type, filename=each.name)
        return mail


def _addressed(letter: Letter) -> Letter:
    """Return the letter with its addresses as SMTP takes them. Raises _RefusedError if one has no such form."""
    recipient, sender = mailable_address(letter.to), mailable_address(letter.sender)
    if recipient is None:
        raise _RefusedError(
            Refused(reason=f"no mail server is sure to take the address {letter.to!r}", is_permanent=True)
        )
    if sender is None:
        raise _RefusedError(
            Refused(reason=f"no mail server is sure to take the sender {letter.sender!r}", is_set_up=True)
        )
    return replace(letter, to=recipient, sender=sender)


def _hand_in(connection: smtplib.SMTP, data: bytes, *, message_id: str) -> Answer:
    try:
        code, words = connection.data(data)
    except smtplib.SMTPDataError as error:  # refused before the message was sent
        return _refusal(error)
    except (OSError, smtplib.SMTPException) as error:
        return Unknown(f"no answer to the message: {describe_error(error)}")
    if code == _OK:
        return Accepted(message_id)
    return Refused(reason=_describe_reply(code, words), is_permanent=code >= _PERMANENT, error_code=str(code))


def _limit(connection: smtplib.SMTP, ends_at: float) -> None:
    """Give the next exchange what is left of the call's time."""
    if connection.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    connection.sock.settimeout(max(ends_at - time.monotonic(), 0.001))


def _refusal(error: Exception) -> Refused:
    """Tell an error before the message was sent. Log-in and greeting are of the set-up: never permanent."""
    code: Any = getattr(error, "smtp_code", None)
    words = (
        _describe_reply(code, getattr(error, "smtp_error", b""))
        if code
        else f"no connection: {describe_error(error)}"
    )
    is_log_in = isinstance(error, smtplib.SMTPAuthenticationError)
    return Refused(reason=words, is_set_up=is_log_in, error_code=str(code) if code else None)


def _describe_reply(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"the mail server answered {code} {' '.join(text.split())[:200]}"


def open_deliverer(account: SendingAccount) -> SmtpDeliverer:
    """Return the deliverer of one business's account. Raises ConfigurationError if no mail server is named."""
    host = account.settings.smtp_host or account.mail_host
    if host is None:
        raise ConfigurationError(f"{account.tenant_id} has no mail server; set delivery.email.host in its file")
    server = MailServer(
        host=host,
        port=account.settings.smtp_port or account.mail_port,
        username=account.secret("SMTP_USERNAME"),
        password=account.secret("SMTP_PASSWORD"),
    )
    return SmtpDeliverer(server, clock=account.clock)
