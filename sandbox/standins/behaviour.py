"""How a provider behaves: set per provider, or per provider and tenant, and taken by one request after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Provider = Literal["twilio", "clicksend", "graph", "smtp", "webhook"]
Mode = Literal["ok", "rate_limited", "server_error", "timeout_after_accepting", "permanent_error", "down"]


class Behaviour(BaseModel):
    """What a provider does with requests that send. Others work as always, unless it is down or `look_ups` is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode = Field(default="ok", description="`down` resets connections; a time-out accepts and never answers.")
    times: int | None = Field(default=None, ge=1, description="For so many requests, then ok; null: until changed.")
    look_ups: bool = Field(default=False, description="Look-ups and token requests behave like this too.")
    latency_ms: int = Field(default=0, ge=0, description="Before the request is looked at.")
    retry_after_s: int | None = Field(default=1, ge=0, description="Of 429, and of 503; null: no such header.")
    status: int = Field(default=503, ge=500, le=599, description="Of a server error.")
    code: str = Field(default="", description="Of a permanent error, as the provider writes it; empty: a usual one.")
    hold_ms: int = Field(
        default=60_000, ge=0, description="How long a time-out keeps the connection; 0: reset at once."
    )
    delivery: Literal["delivered", "undelivered", "failed", "silent"] = Field(
        default="delivered", description="What becomes of an accepted text; `silent`: nothing, and no callback."
    )
    callback_delay_ms: int = Field(default=100, ge=0, description="Before each step of a text, and so each callback.")

    def calmed(self) -> Behaviour:
        """Return the same with nothing going wrong: how deliveries go on after the trouble is used up."""
        return self.model_copy(update={"mode": "ok", "latency_ms": 0, "times": None})


@dataclass(slots=True)
class Behaviours:
    """Every provider's behaviour at present. That of a tenant goes before that of all."""

    _of: dict[tuple[Provider, str | None], Behaviour] = field(default_factory=dict)

    def put(self, provider: Provider, tenant: str | None, behaviour: Behaviour) -> None:
        """Behave like this from the next request on."""
        self._of[provider, tenant] = behaviour

    def take(self, provider: Provider, tenant: str | None, *, is_send: bool) -> Behaviour:
        """Return how to treat one request, which uses up one of `times` if it is treated badly."""
        key = (provider, tenant) if (provider, tenant) in self._of else (provider, None)
        behaviour = self._of.get(key, Behaviour())
        if not (is_send or behaviour.look_ups or behaviour.mode == "down"):
            return behaviour.calmed()
        if behaviour.times is not None:
            left = behaviour.times - 1
            self._of[key] = behaviour.model_copy(update={"times": left}) if left else behaviour.calmed()
        return behaviour

    def listed(self) -> dict[str, Behaviour]:
        """Return those that were set, by `provider` or `provider/tenant`."""
        return {"/".join(filter(None, key)): behaviour for key, behaviour in self._of.items()}

    def reset(self) -> None:
        """Let every provider do its work."""
        self._of.clear()
