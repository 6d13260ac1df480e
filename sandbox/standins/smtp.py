"""A mail server: STARTTLS with a certificate of its own making, AUTH, and the same behaviours as the other stand-ins.

It takes a business's mail under that business's login. The caller's reference in the ledger is the message's first
x-header. Codes of a permanent error are SMTP's, such as 550; `rate_limited` is 421, `server_error` 451.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.sender import utc_now
from sandbox.standins.accounts import SMTP_PASSWORD, SMTP_USERNAME
from sandbox.standins.behaviour import Behaviour
from sandbox.standins.ledger import AttachedFile, attached_file
from sandbox.standins.state import StandinState

_PERMANENT = "550"
_HOST = "mail.sandbox.example"


def _own_tls() -> ssl.SSLContext:
    """Return a context with a certificate of a year's life, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _HOST)])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL reads certificates from files only; these are gone at once.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mail.pem"
        file.touch(mode=0o600)
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(file)
    return context


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server over the state that the other stand-ins share; it runs in their event loop."""

    state: StandinState
    tls: ssl.SSLContext = field(default_factory=_own_tls)

    @asynccontextmanager
    async def running(self, *, host: str, port: int) -> AsyncIterator[int]:
        """Serve while inside; yields the port, which is a free one if 0 is given."""
        # It warns at every log-in of an attribute that only it uses.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._connection, host=host, port=port)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()

    def _connection(self) -> SMTP:
        return SMTP(
            _Handler(self.state),
            hostname=_HOST,
            ident="sandbox",
            tls_context=self.tls,
            require_starttls=True,
            auth_required=True,
            auth_require_tls=True,
            authenticator=self._authenticate,
            enable_SMTPUTF8=True,
        )

    def _authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
        if not isinstance(given, LoginPassword):
            return AuthResult(success=False, handled=False)
        account = self.state.accounts.find(SMTP_USERNAME, given.login.decode(errors="replace"))
        is_right = account is not None and account.holds(SMTP_PASSWORD, given.password.decode(errors="replace"))
        if not is_right or account is None:
            self.state.ledger.count_request("smtp", "535")
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=account.tenant)


@dataclass(slots=True)
class _Handler:
    """One connection; aiosmtpd calls it by these names."""

    state: StandinState
    behaviour: Behaviour = field(default_factory=Behaviour)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take on how to behave for this message, and take the sender if it is the business's own."""
        tenant = str(session.auth_data)
        self.behaviour = self.state.behaviours.take("smtp", tenant, is_send=True)
        await asyncio.sleep(self.behaviour.latency_ms / 1000)
        if self.behaviour.mode == "down":
            return await self._break(server, "down")
        if address.lower() != self.state.accounts.by_tenant[tenant].email.lower():
            return self._counted("550 5.7.60 Client does not have permissions to send as this sender")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, or refuse as the behaviour says."""
        match self.behaviour.mode:
            case "rate_limited":
                return self._counted("421 4.7.0 Too many messages, try again later")
            case "server_error":
                return self._counted("451 4.3.0 Temporary server error")
            case "permanent_error":
                return self._counted(f"{self.behaviour.code or _PERMANENT} 5.1.1 Refused for good")
            case _:
                envelope.rcpt_tos.append(address)
                envelope.rcpt_options.extend(options)
                return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the message; if it is to time out, take it and break off before saying so."""
        mail = message_from_bytes(envelope.original_content or b"")
        entry = self.state.ledger.accept(
            "smtp",
            str(session.auth_data),
            kind="e-mail",
            id=str(mail.get("Message-ID", f"<{uuid4().hex}@{_HOST}>")).strip(),
            sender=str(envelope.mail_from),
            recipient=", ".join(envelope.rcpt_tos),
            subject=str(make_header(decode_header(mail.get("Subject", "")))),
            text=_text_of(mail),
            reference=next((str(value) for name, value in mail.items() if name.lower().startswith("x-")), ""),
            attachments=tuple(_files_of(mail)),
        )
        if self.behaviour.mode == "timeout_after_accepting":
            entry.is_answered = False
            await asyncio.sleep(self.behaviour.hold_ms / 1000)
            return await self._break(server, "timeout")
        return self._counted(f"250 2.0.0 OK: queued as {entry.number}")

    async def _break(self, server: SMTP, outcome: str) -> str:
        self.state.ledger.count_request("smtp", outcome)
        if isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        # The server ends this task once it learns that the connection is gone.
        await asyncio.Event().wait()
        return "421 4.3.2 Gone"

    def _counted(self, answer: str) -> str:
        self.state.ledger.count_request("smtp", answer[:3])
        return answer


def _files_of(mail: Message) -> Iterator[AttachedFile]:
    for part in mail.walk():
        content = part.get_payload(decode=True)
        if part.get_content_disposition() == "attachment" and isinstance(content, bytes):
            yield attached_file(part.get_filename(""), part.get_content_type(), content)


def _text_of(mail: Message) -> str:
    part = next((part for part in mail.walk() if part.get_content_type() == "text/plain"), mail)
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    text = content.decode(part.get_content_charset("utf-8"), errors="replace")
    return text.replace("\r\n", "\n")
