"""Automations: rules in words, what they did, their switches, and rehearsing a change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.rehearsal import RehearsalError, rehearse
from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import MASSAGE, NEWCOMER
from tests.dashboard.receivers import Beside, receiver_beside

pytestmark = pytest.mark.usefixtures("filled_home")


@pytest.fixture
def beside(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    with receiver_beside(filled_home) as beside:
        for name, value in beside.environment.items():
            monkeypatch.setenv(name, value)
        yield beside


def open_automations() -> AppTest:
    return open_page("automations", tenant=MASSAGE)


def test_rules_are_sentences_with_what_they_did() -> None:
    text = text_of(open_automations())
    assert "4 rules. Figures: the last 30 days" in text
    assert "**1 day before the booking starts**, unless the booking is cancelled or declined" in text
    assert "**112** shadow" in text
    assert "Refused: the contact opted out (1)" in text


def test_shadow_marketing_and_holdout_are_marked() -> None:
    text = text_of(open_automations())
    assert "**Ask for review** :gray-badge[:material/visibility: Shadow: decides, sends nothing]" in text
    assert "**Win back** :violet-badge[:material/campaign: Marketing]" in text
    assert ":blue-badge[:material/science: 20 % held out]" in text


def test_uplift_is_shown_with_its_counts() -> None:
    text = text_of(open_automations())
    assert "Written to: **25 %** booked :gray[:small[14 of 56]]" in text
    assert "Held out: **15 %** booked :gray[:small[2 of 13]]" in text
    assert ":green[**+9.6 points**]" in text


def test_a_business_without_rules_says_where_to_write_them() -> None:
    assert "No rules yet" in text_of(open_page("automations", tenant=NEWCOMER))


def test_a_rule_is_held_and_released(beside: Beside) -> None:
    app = open_automations()
    app.button(key="hold_all_win_back").click().run()
    assert [hold.scope.rule_id for hold in beside.outbox.holds()] == ["win_back"]
    app.run()
    assert ":red-badge[:material/pause_circle: Held]" in text_of(app)
    app.button(key="release_all_win_back").click().run()
    assert beside.outbox.holds() == []


def frontdesk(folder: Path, script: str) -> Path:
    """A `frontdesk` that answers as told: the page's own part is what it makes of the answer."""
    program = folder / "frontdesk"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o700)
    return program


def test_a_rehearsal_hands_the_changed_file_over_under_the_businesss_name(tmp_path: Path) -> None:
    program = frontdesk(tmp_path, """printf '{"arguments": "%s", "file": "%s"}' "$*" "$(cat "$3")"; exit 1""")
    report = rehearse("slug: x", tenant_id="x", since=None, command=program).report
    assert report["file"] == "slug: x"
    assert str(report["arguments"]).startswith("dry-run --rules ")
    assert str(report["arguments"]).endswith("/x.yaml --json")


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (
            "echo 'Usage: frontdesk' >&2; echo \"No such command 'dry-run'.\" >&2; exit 2",
            "has no `frontdesk dry-run`",
        ),
        ('echo "$3: rules.0.when: no such fact" >&2; exit 2', "x.yaml: rules.0.when: no such fact"),
        ("echo fine", "printed no JSON"),
        ("exit 7", "it ended with status 7"),
    ],
)
def test_a_rehearsal_that_fails_says_why(tmp_path: Path, script: str, detail: str) -> None:
    with pytest.raises(RehearsalError) as caught:
        rehearse("slug: x", tenant_id="x", since=None, command=frontdesk(tmp_path, script))
    assert detail in caught.value.detail
    assert str(tmp_path) not in caught.value.detail
    assert "/tmp" not in caught.value.detail
