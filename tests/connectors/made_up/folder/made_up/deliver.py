"""Made Up takes every text."""

from __future__ import annotations

from frontdesk.connectors.account import SendingAccount
from frontdesk.connectors.answers import Accepted, Answer, CannotTell, Doubt, LookUp
from frontdesk.connectors.content import Letter


class MadeUpDeliverer:
    def __init__(self, account: SendingAccount) -> None:
        self._key = account.secret("MADE_UP_KEY")

    def deliver(self, command_key: str, content: Letter, /) -> Answer:
        return Accepted(f"{self._key} took {command_key} for {content.to}")

    def look_up(self, _doubt: Doubt[Letter], /) -> LookUp:
        return CannotTell(reason="it keeps nothing", is_final=True)


def open_deliverer(account: SendingAccount) -> MadeUpDeliverer:
    return MadeUpDeliverer(account)
