"""Sentences of the pages that tests of whole pages do not read."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from dashboard.parts.wording import describe_opt_out

NOW = datetime(2026, 11, 21, 23, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed_at", "when"),
    [
        (datetime(2026, 11, 21, 23, 41, tzinfo=UTC), "at 18:41 EST"),
        (datetime(2026, 11, 20, 23, 41, tzinfo=UTC), "on Fri 20 Nov, 18:41 EST"),
        (datetime(2025, 11, 20, 23, 41, tzinfo=UTC), "on "),
    ],
)
def test_an_opt_out_is_on_a_day_or_at_a_time_of_today(changed_at: datetime, when: str) -> None:
    opt_out = SimpleNamespace(changed_at=changed_at, evidence="text: STOP")

    texts, mails = [
        describe_opt_out(channel, opt_out, "America/Toronto", now=NOW).replace("\\", "")
        for channel in ("sms", "email")
    ]

    assert texts.startswith(f"**Replied STOP** {when}")
    assert mails.startswith(f"**Opted out of e-mails** {when}")
