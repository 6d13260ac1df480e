"""What a session did to tasks counts once, however often it was clicked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame import actions
from dashboard.frame.api import BusinessApi

DONE_TWICE = """
from dashboard.parts.pending_tasks import change_task

for _ in range(2):
    change_task("harbour-massage", "key-call", lambda _: None, toast="Done", is_done=True)
"""


def test_the_second_of_a_double_click_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    # In place of the receiver: whether it is asked again is what is looked at.
    def act(tenant_id: str, _: Callable[[BusinessApi], str | None]) -> bool:
        asked.append(tenant_id)
        return True

    monkeypatch.setattr(actions, "act", act)
    app = AppTest.from_string(DONE_TWICE).run()
    assert not app.exception
    assert asked == ["harbour-massage"]
