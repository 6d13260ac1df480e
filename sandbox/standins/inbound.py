"""A customer's text to a business, posted to the receiver as its provider would post it."""

from __future__ import annotations

from uuid import uuid4

from sandbox.delivery import Attempt
from sandbox.providers import clicksend, twilio
from sandbox.sender import utc_now
from sandbox.standins.accounts import CLICKSEND_USERNAME, TWILIO_ACCOUNT_SID, Account
from sandbox.standins.phones import Reply, SmsProvider
from sandbox.standins.state import StandinState

_NEEDED = {
    "twilio": (TWILIO_ACCOUNT_SID, "TWILIO_AUTH_TOKEN"),
    "clicksend": (CLICKSEND_USERNAME, "CLICKSEND_WEBHOOK_TOKEN"),
}


async def receive_text(
    state: StandinState, account: Account, provider: SmsProvider, *, phone: str, number: str, text: str
) -> Reply:
    """Take a text from a phone, heed STOP as Twilio does, and deliver the signed webhook. Returns how that went."""
    now = utc_now()
    reply = Reply(at=now, provider=provider, tenant=account.tenant, phone=phone, number=number, text=text)
    state.phones.replies.append(reply)
    if not all(account.secret(name) for name in _NEEDED[provider]):
        reply.outcome = f"not delivered: {account.name} has no {provider} account"
        return reply
    if provider == "twilio":
        # ClickSend is left out: how it treats STOP is not documented, so ours must not lean on it.
        state.phones.heed(number=number, phone=phone, text=text)
        delivery = twilio.inbound(
            now,
            account.tenant,
            sid=f"SM{uuid4().hex}",
            sender=phone,
            recipient=number,
            text=text,
            country=account.country,
        )
        sign = twilio.sign
    else:
        delivery = clicksend.inbound(
            now,
            account.tenant,
            message=str(uuid4()).upper(),
            sender=phone,
            recipient=number,
            text=text,
            reply_to=_last_text_to(state, account, phone),
        )
        sign = clicksend.sign
    signed = sign(delivery, Attempt(secrets=account.secrets, now=now, public_url=state.receiver.public_url))
    status = await state.poster.post(f"{state.receiver.url}{signed.path}", body=signed.body, headers=signed.headers)
    reply.outcome = "the receiver could not be reached" if status is None else f"the receiver answered {status}"
    return reply


def _last_text_to(state: StandinState, account: Account, phone: str) -> tuple[str, str]:
    for entry in reversed(state.ledger.entries):
        if (entry.provider, entry.tenant, entry.recipient) == ("clicksend", account.tenant, phone):
            return entry.id, entry.text
    return "", ""
