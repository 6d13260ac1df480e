"""Made Up: a token in the address."""

from __future__ import annotations

from typing import ClassVar, Self

from frontdesk.connectors.bodies import body_id
from frontdesk.connectors.signature_checks import check_token, find_token
from frontdesk.connectors.source import Delivery, Request, Source, SourceConfiguration


class MadeUpSource(Source):
    name: ClassVar[str] = "made-up"
    secret_names: ClassVar[tuple[str, ...]] = ("MADE_UP_TOKEN",)

    def __init__(self, tokens: tuple[bytes, ...]) -> None:
        self._tokens = tokens

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        tokens = configuration.secret_keys("MADE_UP_TOKEN")
        return cls(tokens) if tokens else None

    def receive(self, request: Request) -> Delivery:
        check_token(find_token(request), self._tokens)
        return Delivery(body_id(request.body), "made-up.thing.happened", request.body)
