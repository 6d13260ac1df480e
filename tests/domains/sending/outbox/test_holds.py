"""Kill switches, on both databases: what is held stays, is not called, and goes out when it is released."""

from __future__ import annotations

import pytest

from frontdesk.domains.sending.outbox.commands import Channel, CommandState
from frontdesk.domains.sending.outbox.holds import HoldScope
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.domains.sending.outbox.factories import LEASE, claim_one, new_command, state_of

ALL = {"text", "mail", "other-rule", "other-tenant", "by-hand"}


@pytest.mark.parametrize(
    ("scope", "passing"),
    [
        (HoldScope(), set()),
        (HoldScope(tenant_id="hmnp"), {"other-tenant"}),
        (HoldScope(channel=Channel.SMS), {"mail"}),
        (HoldScope(tenant_id="hmnp", rule_id="reminder_24h"), {"other-rule", "other-tenant", "by-hand"}),
        (HoldScope(tenant_id="hmnp", channel=Channel.EMAIL), ALL - {"mail"}),
        (HoldScope(tenant_id="nobody"), ALL),
    ],
)
def test_a_hold_keeps_what_is_in_its_scope_until_released(
    outbox: Outbox, scope: HoldScope, passing: set[str]
) -> None:
    outbox.enqueue(
        [
            new_command("text"),
            new_command("mail", channel=Channel.EMAIL),
            new_command("other-rule", rule_id="thanks"),
            new_command("other-tenant", tenant_id="noizylab"),
            new_command("by-hand", rule_id=None, rule_version=None),
        ]
    )
    assert outbox.hold(scope, reason="wrong price in the text", held_by="owner")

    assert {claimed.command_key for claimed in outbox.claim(limit=9, lease=LEASE)} == passing

    assert outbox.release(scope, released_by="owner")
    assert {claimed.command_key for claimed in outbox.claim(limit=9, lease=LEASE)} == ALL - passing


def test_a_hold_stops_what_was_claimed_but_not_called(outbox: Outbox) -> None:
    outbox.enqueue([new_command("a")])
    claimed = claim_one(outbox)
    outbox.hold(HoldScope(tenant_id="hmnp"), reason="stop", held_by="owner")

    assert not outbox.begin_call("a", token=claimed.token, lease=LEASE)

    assert state_of(outbox, "a") is CommandState.CLAIMED


def test_a_scope_is_held_once_and_released_exactly(outbox: Outbox) -> None:
    wide, narrow = HoldScope(tenant_id="hmnp"), HoldScope(tenant_id="hmnp", channel=Channel.SMS)
    assert outbox.hold(wide, reason="first", held_by="owner")
    assert not outbox.hold(wide, reason="again", held_by="staff")
    assert outbox.hold(narrow, reason="texts", held_by="staff")
    assert [(hold.scope, hold.reason) for hold in outbox.holds()] == [(wide, "first"), (narrow, "texts")]

    assert outbox.release(wide, released_by="owner")
    assert not outbox.release(wide, released_by="owner")

    assert [hold.scope for hold in outbox.holds()] == [narrow]
    assert outbox.hold(wide, reason="once more", held_by="owner")


def test_a_rule_without_its_tenant_is_refused() -> None:
    with pytest.raises(ValueError, match="give tenant_id too"):
        HoldScope(rule_id="reminder_24h")
    with pytest.raises(ValueError, match="leave it out"):
        HoldScope(tenant_id="")
