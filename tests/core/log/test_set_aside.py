"""What is noted of what was set aside: its reason, cut to what is kept, and who is to blame besides."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.set_aside import Kind, SetAside, Step
from tests.clocks import SetClock
from tests.domains.sending.outbox.factories import NOON


@pytest.mark.parametrize("reason", ["no such day", "x" * 100_000, "\U0001f64f" * 3_000, ""])
def test_who_is_to_blame_is_kept_however_long_the_reason_is(engine: Engine, reason: str) -> None:
    set_aside = SetAside(engine, clock=SetClock(NOON))

    set_aside.note(Kind.EVENT, "e1", step=Step.DECISIONS, reason=reason, blamed="by the rule reminder_24h")

    (noted,) = set_aside.read()
    assert noted.blames("by the rule reminder_24h")
    assert not noted.blames("by the rule reminder_2h")
    assert len(noted.reason) <= 2_000


def test_a_reason_that_blames_nobody_is_cut_alone(engine: Engine) -> None:
    set_aside = SetAside(engine, clock=SetClock(NOON))

    set_aside.note(Kind.EVENT, "e1", step=Step.MODELS, reason="x" * 3_000)

    (noted,) = set_aside.read()
    assert noted.reason == "x" * 2_000
