"""/control: how tests and people make the providers misbehave, read the ledger, and text as a customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from sandbox.standins.behaviour import Behaviour, Provider
from sandbox.standins.inbound import receive_text
from sandbox.standins.ledger import as_json, summarise
from sandbox.standins.phones import SmsProvider
from sandbox.standins.state import StandinState

_NUMERIC_CODES: dict[Provider, str] = {"twilio": "21614", "smtp": "550", "webhook": "410"}


class InboundText(BaseModel):
    """A text of a customer to a business."""

    model_config = ConfigDict(extra="forbid")

    provider: SmsProvider
    tenant: str
    phone: str = Field(pattern=r"^\+[1-9]\d{6,14}$", description="The customer's, E.164.")
    text: str = Field(max_length=1600)
    number: str | None = Field(default=None, description="The business's; default: its first one.")


def control_routes(state: StandinState, *, reset: Callable[[], None]) -> APIRouter:
    """Return the routes; `reset` forgets what the providers hold."""
    router = APIRouter(prefix="/control", tags=["control"])
    _add_behaviour(router, state)
    _add_ledger(router, state)
    _add_inbound(router, state)

    @router.post("/reset")
    async def reset_all() -> dict[str, str]:
        """Forget messages, opt-outs, counts and behaviours; callbacks under way are dropped. Accounts stay."""
        reset()
        return {"status": "reset"}

    return router


def _add_behaviour(router: APIRouter, state: StandinState) -> None:
    @router.get("/behaviour")
    async def read_behaviour() -> dict[str, Behaviour]:
        """Return the behaviours that were set, by `provider` or `provider/tenant`."""
        return state.behaviours.listed()

    @router.post("/behaviour/{provider}")
    async def set_behaviour(provider: Provider, behaviour: Behaviour, tenant: str | None = None) -> Behaviour:
        """Make a provider behave like this from the next request on, for one tenant or for all."""
        if tenant is not None and tenant not in state.accounts.by_tenant:
            raise HTTPException(404, f"no tenant {tenant}; there are {', '.join(state.accounts.by_tenant)}")
        if provider in _NUMERIC_CODES and behaviour.code and not behaviour.code.isdecimal():
            raise HTTPException(422, f"a code of {provider} is a number, such as {_NUMERIC_CODES[provider]}")
        state.behaviours.put(provider, tenant, behaviour)
        return behaviour


def _add_ledger(router: APIRouter, state: StandinState) -> None:
    @router.get("/ledger")
    async def read_ledger(
        provider: Provider | None = None,
        tenant: str | None = None,
        after: Annotated[int, Query(ge=0, description="Only entries with a higher number.")] = 0,
        entries: Annotated[bool, Query(description="The entries too, not only the counts.")] = True,
    ) -> dict[str, Any]:
        """Return what was accepted, what of it more than once, and how all requests and callbacks ended."""
        found = state.ledger.select(provider=provider, tenant=tenant, after=after)
        requests: dict[str, dict[str, int]] = {}
        for (name, outcome), count in state.ledger.requests.items():
            requests.setdefault(name, {})[outcome] = count
        return {
            **summarise(found),
            "requests": requests,
            "callbacks": {
                **state.poster.outcomes,
                "pending": state.poster.count_pending,
                "problems": list(state.poster.problems),
            },
            **({"entries": [as_json(entry) for entry in found]} if entries else {}),
        }


def _add_inbound(router: APIRouter, state: StandinState) -> None:
    @router.post("/inbound")
    async def post_inbound(text: InboundText) -> dict[str, str]:
        """Text the business: post it to the receiver as the provider would, and return how that went."""
        account = state.accounts.by_tenant.get(text.tenant)
        number = text.number or (account.numbers[0] if account and account.numbers else None)
        if account is None or number is None:
            raise HTTPException(404, f"no tenant {text.tenant} with a phone number")
        reply = await receive_text(state, account, text.provider, phone=text.phone, number=number, text=text.text)
        return {"outcome": reply.outcome}
