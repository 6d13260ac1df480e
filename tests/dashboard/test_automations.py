"""Automations: rules in words, what they did, their switches, and trying a change."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from frontdesk.domains.rules.dry_run.run_command import DryRunError, try_rules
from pipelines.dry_run.comparison import Differing, Kind, Side
from pipelines.dry_run.rules_report import OptOuts, RulesDryRun, count_all, count_by_rule_and_day
from pipelines.dry_run.rules_screen import to_json
from tests.core.running.answering_command import frontdesk
from tests.dashboard.conftest import open_page, owner_of, signed_in_beside, text_of
from tests.dashboard.published_file import ANNA, BARBERS, MASSAGE, NEWCOMER
from tests.dashboard.receivers import Beside
from tests.dashboard.typing import act

pytestmark = pytest.mark.usefixtures("filled_home")


@pytest.fixture
def beside(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    with signed_in_beside(filled_home, monkeypatch, owner_of(BARBERS)) as beside:
        yield beside


def open_automations() -> AppTest:
    return open_page("automations", tenant=MASSAGE)


def test_rules_are_sentences_with_what_they_did() -> None:
    text = text_of(open_automations())
    assert "4 rules. Figures: the last 30 days" in text
    assert "**1 day before the booking starts**, unless the booking is cancelled or declined" in text
    assert "**112** shadow" in text
    assert "Skipped: the contact opted out (1)" in text


def test_shadow_marketing_and_holdout_are_marked() -> None:
    text = text_of(open_automations())
    assert "**Ask for review** :gray-badge[:material/visibility: Shadow: decides, sends nothing]" in text
    assert "**Win back** :violet-badge[:material/campaign: Marketing]" in text
    assert ":blue-badge[:material/science: 20 % held out]" in text


def test_uplift_is_shown_with_its_counts() -> None:
    text = text_of(open_automations())
    assert "Contacted: **25 %** booked :gray[:small[14 of 56]]" in text
    assert "Held out: **15 %** booked :gray[:small[2 of 13]]" in text
    assert ":green[**+9.6 points**]" in text


def test_a_business_without_rules_says_where_to_write_them() -> None:
    assert "No rules yet" in text_of(open_page("automations", tenant=NEWCOMER))


def test_a_rule_is_held_and_released(beside: Beside) -> None:
    app = open_automations()
    app.button(key="hold_all_win_back").click().run()
    assert [hold.scope.rule_id for hold in beside.outbox.holds()] == ["win_back"]
    app.run()
    assert ":red-badge[:material/pause_circle: Paused]" in text_of(app)
    app.button(key="release_all_win_back").click().run()
    assert beside.outbox.holds() == []


def report_of(*, tenant_id: str = MASSAGE, reminders: int = 0) -> str:
    """Return what `frontdesk dry-run --json` prints, made by its own code."""
    due_at = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    differing = [
        Differing(
            kind=Kind.NEWLY_SENT,
            command_key=f"{tenant_id}/reminder_2h/send_sms/booking:{number}",
            rule_id="reminder_2h",
            command_type="send_sms",
            contact_id=ANNA,
            before=None,
            after=Side(
                due_at=due_at, expires_at=due_at, content={"text": "See you soon"}, segments=1, cost_micros=51_500
            ),
            is_text_changed=False,
        )
        for number in range(reminders)
    ]
    dry_run = RulesDryRun(
        tenant_id=tenant_id,
        since=None,
        modelled_sequence=9,
        log_sequence=9,
        currency="AUD",
        totals=count_all(differing),
        rule_days=count_by_rule_and_day(differing, zone=ZoneInfo("Australia/Perth")),
        opt_outs=[OptOuts(rule_id="reminder_2h", reason="opted_out", count=2)] if reminders else [],
        at_once=[each.command_key for each in differing[:1]],
        differing=differing,
    )
    return to_json(dry_run).decode()


def test_a_dry_run_hands_the_changed_file_over_under_the_businesss_name(tmp_path: Path) -> None:
    answer, asked = tmp_path / "answer.json", tmp_path / "asked"
    answer.write_text(report_of(), encoding="utf-8")
    program = frontdesk(tmp_path, f'echo "$@" > {asked}; cat "$3" >> {asked}; cat {answer}')
    report = try_rules("slug: harbour", tenant_id=MASSAGE, since=date(2026, 1, 2), command=program)
    assert not report.has_changes
    arguments, content = asked.read_text(encoding="utf-8").splitlines()
    assert arguments.startswith("dry-run --rules ")
    assert arguments.endswith(f"/{MASSAGE}.yaml --json --since 2026-01-02")
    assert content == "slug: harbour"


def test_the_page_shows_what_would_go_out_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(report_of(reminders=3), encoding="utf-8")
    frontdesk(tmp_path, f"cat {answer}")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    app = open_automations()
    app = act(app, f"dry_run_{MASSAGE}", action="dry_run", text="slug: harbour-massage")

    text = text_of(app)
    assert "Newly sent: 3" in text
    assert "Cost: +0.15 AUD" in text
    assert "**Reminder 2h** :green[3 newly sent] · +0.15 AUD" in text
    assert "**Reminder 2h** 2 not sent: the contact opted out" in text
    assert "**1 would be sent at once**" in text
    assert "See you soon" in text


def test_another_businesss_file_is_not_tried_here(tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(report_of(tenant_id=BARBERS, reminders=1), encoding="utf-8")
    with pytest.raises(DryRunError, match=f"slug: is {BARBERS}, but this is about {MASSAGE}"):
        try_rules("slug: b", tenant_id=MASSAGE, since=None, command=frontdesk(tmp_path, f"cat {answer}"))


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        ("echo \"No such command 'dry-run'.\" >&2; exit 2", "has no `frontdesk dry-run`"),
        ('echo "$3: rules.0.when: no such fact" >&2; exit 2', "x.yaml: rules.0.when: no such fact"),
        ("echo fine", "of another version"),
        ("exit 7", "it ended with status 7"),
    ],
)
def test_a_dry_run_that_fails_says_why(tmp_path: Path, script: str, detail: str) -> None:
    with pytest.raises(DryRunError) as caught:
        try_rules("slug: x", tenant_id="x", since=None, command=frontdesk(tmp_path, script))
    assert detail in caught.value.detail
    assert "frontdesk-dry-run-" not in caught.value.detail
