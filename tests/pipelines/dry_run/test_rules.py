"""`frontdesk dry-run` tells exactly what two real homes show, one with the old rules and one with the new."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from frontdesk.core.cli import build_app
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState
from frontdesk.domains.tenancy.tenant import Tenant, read_tenant
from pipelines.dry_run.rules import try_rules_file
from tests.pipelines.homes import Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

# Two whole builds, a minute and a half: among the slow proofs.
pytestmark = pytest.mark.slow

SLUG = "avatar-imaging"
OLD_FILE = REPOSITORY / "tenants" / f"{SLUG}.yaml"
#: Moves reminders and tasks, rewords one text, takes a rule away, adds one, and lets a third be looked at only.
CHANGES = (
    ("due: {before: 48h}", "due: {before: 36h}"),
    ("Please bring your referral.", "Please bring your referral and Medicare card."),
    ("due: {after: 180d}", "due: {after: 30d}"),
    ("  - id: reminder_2h\n", "  - id: reminder_3h\n"),
    ("due: {before: 2h}", "due: {before: 3h}"),
    ("  - id: welcome_call\n", "  - id: welcome_call\n    is_shadow: true\n"),
)
DryRun = Callable[..., Result]
Decisions = dict[str, tuple[str, datetime, str, str, str | None]]


@dataclass(frozen=True)
class Both:
    """The same events with the old rules and with the new."""

    old: Home
    new: Home
    draft: Path  #: the file with the new rules

    def decisions(self) -> tuple[Decisions, Decisions]:
        """Return what each decided, by key: rule, due_at, payload, verdict, reason."""
        return _decisions(self.old), _decisions(self.new)


def _decisions(home: Home) -> Decisions:
    columns = "command_key, rule_id, due_at, payload, verdict, reason"
    rows: list[Any] = list(home.query(f"select {columns} from marts.fct_decisions where tenant_id = '{SLUG}'"))
    return {key: (rule_id, due_at, payload, *judged) for key, rule_id, due_at, payload, *judged in rows}


@pytest.fixture(scope="module")
def both(homes: HomeFactory, story_events: list[NewEvent], tmp_path_factory: pytest.TempPathFactory) -> Both:
    text = OLD_FILE.read_text()
    for before, after in CHANGES:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    draft = tmp_path_factory.mktemp("draft") / "changed.yaml"
    draft.write_text(text)
    events = [event for event in story_events if event.tenant_id == SLUG]
    old = homes.new_home()
    new = homes.new_home(tenants={**old.tenants, SLUG: read_tenant(draft)})
    for home in (old, new):
        home.log.append(events)
        with home.modeller().opened() as modeller:
            modeller.follow_to_end()
        # As in a home of `frontdesk up`, where the project is compiled already.
        (home.folder / "dbt_target").symlink_to(home.target_dir)
    return Both(old, new, draft)


@pytest.fixture
def dry_run(both: Both, monkeypatch: pytest.MonkeyPatch) -> DryRun:
    """Return what types `frontdesk dry-run` and these words in the old home."""
    monkeypatch.setenv("FRONTDESK_HOME", str(both.old.folder))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(REPOSITORY / "tenants"))
    monkeypatch.setenv("FRONTDESK_DBT_PROJECT_DIR", str(REPOSITORY / "dbt_project"))

    def run(rules: Path, *words: str) -> Result:
        return CliRunner().invoke(build_app(), ["dry-run", "--rules", str(rules), *words])

    return run


def tried(dry_run: DryRun, rules: Path, *words: str) -> Any:
    result = dry_run(rules, "--json", *words)
    assert result.exit_code == 0, (result.output, result.exception)
    return orjson.loads(result.output)


def digests(folder: Path) -> dict[str, str]:
    """Return every file of a home but the compiled project, by what it holds."""
    files = [file for file in folder.rglob("*") if file.is_file() and "dbt_target" not in file.parts]
    return {str(file): sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_difference_is_that_of_two_real_homes(both: Both, dry_run: DryRun) -> None:
    old, new = both.decisions()
    intended = [{key for key, row in each.items() if row[3] == "intended"} for each in (old, new)]
    stayed = intended[0] & intended[1]
    expected = {
        "newly_sent": intended[1] - intended[0],
        "no_longer_sent": intended[0] - intended[1],
        "moved": {key for key in stayed if old[key][1] != new[key][1]},
        "text_changed": {key for key in stayed if "/reminder_24h/send_sms/" in key},
    }

    report = tried(dry_run, both.draft)

    found = {kind: {each["command_key"] for each in report["differing"] if each["kind"] == kind} for kind in expected}
    assert found == expected
    assert all(found.values())
    assert {kind: report["totals"][kind] for kind in expected} == {kind: len(keys) for kind, keys in expected.items()}
    for each in report["differing"]:
        for side, decisions in (("before", old), ("after", new)):
            if each[side]:
                assert datetime.fromisoformat(each[side]["due_at"]) == decisions[each["command_key"]][1]


def test_cost_is_that_of_the_texts_that_come_and_go(both: Both, dry_run: DryRun) -> None:
    report = tried(dry_run, both.draft)

    sides = [(each[side], sign) for each in report["differing"] for side, sign in (("after", 1), ("before", -1))]
    segments = sum(sign * side["segments"] for side, sign in sides if side)
    assert report["totals"]["segments_change"] == segments != 0
    assert report["totals"]["cost_change_micros"] == segments * 40_000  # 0.04 AUD each
    by_day = [each["counts"] for each in report["rule_days"]]
    assert sum(each["segments_change"] for each in by_day) == segments
    reminders = [each["after"]["content"]["text"] for each in report["differing"] if each["kind"] == "text_changed"]
    assert all("referral and Medicare card" in text for text in reminders)


def test_opt_outs_are_those_the_new_rules_would_have_hit(both: Both, dry_run: DryRun) -> None:
    old, new = both.decisions()
    hit = {
        key
        for key, row in new.items()
        if row[4] in ("opted_out", "no_consent")
        and (key not in old or (old[key][4], old[key][1]) != (row[4], row[1]))
    }
    assert sum(each["count"] for each in tried(dry_run, both.draft)["opt_outs"]) == len(hit) > 0


def test_at_once_is_what_a_dispatcher_of_the_new_home_would_send_now_and_one_of_the_old_would_not(both: Both) -> None:
    settings = Settings(
        home=both.old.folder,
        tenants_dir=REPOSITORY / "tenants",
        dbt_project_dir=REPOSITORY / "dbt_project",
    )
    now = both.old.clock.now()
    due_now = [
        {
            known.command_key
            for known in home.outbox.search(
                CommandFilter(tenant_id=SLUG), states=[CommandState.WAITING], limit=10_000
            )
            if known.due_at <= now
        }
        for home in (both.old, both.new)
    ]

    report = try_rules_file(settings, both.draft, since=None, clock=both.old.clock)

    assert set(report.at_once) == due_now[1] - due_now[0]
    assert report.at_once


def test_the_same_rules_change_nothing(dry_run: DryRun, tmp_path: Path) -> None:
    copy = tmp_path / "draft.yaml"
    copy.write_text(OLD_FILE.read_text())
    report = tried(dry_run, copy, "--fail-on-change")
    assert (report["has_changes"], report["differing"], report["opt_outs"]) == (False, [], [])


def in_place(both: Both, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the changed file where the home's own is, as an editor does before anything is started again."""
    tenants = folder / "tenants"
    shutil.copytree(REPOSITORY / "tenants", tenants)
    own = tenants / OLD_FILE.name
    own.write_text(both.draft.read_text())
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(tenants))
    return own


def test_a_file_changed_in_place_is_held_against_what_is_in_force(
    both: Both, dry_run: DryRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = tried(dry_run, both.draft)
    own = tried(dry_run, in_place(both, tmp_path, monkeypatch))

    kinds = ("newly_sent", "no_longer_sent", "moved")
    assert {kind: own["totals"][kind] for kind in kinds} == {kind: draft["totals"][kind] for kind in kinds}
    assert (own["at_once"], own["opt_outs"]) == (draft["at_once"], draft["opt_outs"])
    assert "texts are not compared" in own["notes"][0]


def test_without_a_warehouse_there_is_nothing_to_try_rules_on(
    dry_run: DryRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))
    result = dry_run(OLD_FILE)
    assert (result.exit_code, "run `frontdesk process --once` first" in result.output) == (2, True)


def test_nothing_of_the_home_is_written(both: Both, dry_run: DryRun) -> None:
    before = digests(both.old.folder)
    tried(dry_run, both.draft)
    assert digests(both.old.folder) == before


def test_since_leaves_out_what_was_due_before(both: Both, dry_run: DryRun) -> None:
    all_days = sorted({each["day"] for each in tried(dry_run, both.draft)["rule_days"]})
    since = all_days[len(all_days) // 2]

    report = tried(dry_run, both.draft, "--since", since)

    assert {each["day"] for each in report["rule_days"]} <= {day for day in all_days if day >= since}
    assert report["totals"]["moved"] > 0


def test_a_terminal_shows_rules_and_days_and_ends_with_1_where_asked(both: Both, dry_run: DryRun) -> None:
    shown = dry_run(both.draft, "--fail-on-change")
    assert shown.exit_code == 1
    for words in ("What would change", "reminder_3h send_sms", "Total", "Change in the cost of texts: "):
        assert words in shown.output
    assert dry_run(both.draft).exit_code == 0


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("when: booking.completed", "when: booking.complete", "did you mean booking.completed?"),
        ("slug: avatar-imaging", "slug: nobody", "there is no business 'nobody'"),
        (
            "currency: AUD\ncountry",
            "currency: USD\ncountry",
            "currency: differs from what the warehouse was built with",
        ),
    ],
)
def test_a_wrong_file_ends_with_2(dry_run: DryRun, tmp_path: Path, before: str, after: str, words: str) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(OLD_FILE.read_text().replace(before, after))
    result = dry_run(wrong)
    assert (result.exit_code, words in result.output) == (2, True), result.output


def test_it_waits_for_no_more_than_the_live_path_s_turn(both: Both, dry_run: DryRun) -> None:
    """While a live path has the warehouse open, as `frontdesk up` does, it yields, and has it back after the copy."""
    ended = threading.Event()
    reopened = threading.Event()

    def follow() -> None:
        while not ended.is_set():
            with both.old.modeller().opened() as modeller:
                while not (ended.is_set() or modeller.lock.somebody_waits()):
                    modeller.follow_once()
                    modeller.wait_for_events(timeout=0.02)
            reopened.set()

    live_path = threading.Thread(target=follow)
    live_path.start()
    try:
        assert tried(dry_run, both.draft)["has_changes"] is True
    finally:
        ended.set()
        live_path.join()
    assert reopened.is_set()


def test_a_draft_of_any_name_is_read_with_the_same_errors(tmp_path: Path) -> None:
    draft = tmp_path / "any name.yaml"
    draft.write_text(OLD_FILE.read_text())
    tenant: Tenant = read_tenant(draft)
    assert tenant.slug == SLUG
