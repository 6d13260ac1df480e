"""Rules tried on history over /v1, through the real command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.rules.dry_run.report import Report
from tests.pipelines.answered_home import answered_home
from tests.pipelines.homes import HomeFactory
from tests.webhooks.harness import Answer, Post, RunningReceiver
from webhooks.api import rules
from webhooks.app import create_app

OWNER = "owner-of-a-business-0000000001"
FILE = (Path(__file__).parents[3] / "tenants" / "avatar-imaging.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def receiver(homes: HomeFactory) -> Iterator[RunningReceiver]:
    home = answered_home(homes)
    receiver = RunningReceiver(
        create_app(
            Settings(home=home.folder),
            engine=home.engine,
            secrets=Secrets({"FRONTDESK_AVATAR_IMAGING_OWNER_API_KEY": OWNER}),
            tenants=home.tenants,
            clock=home.clock,
        )
    )
    receiver.start()
    yield receiver
    receiver.end()


def try_rules(receiver: RunningReceiver, file: str, *, key: str = OWNER) -> Answer:
    headers = {"x-api-key": key, "content-type": "application/yaml"}
    return receiver.send(Post("/v1/rehearsals", headers=headers, body=file.encode()))


def test_it_needs_a_key(receiver: RunningReceiver) -> None:
    assert try_rules(receiver, FILE, key="nobodys").status == 401


def test_a_wrong_rule_is_told_by_its_line(receiver: RunningReceiver) -> None:
    answer = try_rules(receiver, FILE.replace("when: booking.confirmed", "when: booking.dreamt", 1))
    assert answer.status == 422
    detail = answer.json()["detail"]
    assert "rules.2.when.0" in detail  # the file's own first two rules come before it
    assert "line" in detail


def test_one_dry_run_at_a_time(receiver: RunningReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    is_running, may_end = Event(), Event()
    nothing = {"newly_sent": 0, "no_longer_sent": 0, "moved": 0, "text_changed": 0}
    report = Report.model_validate({"tenant_id": "avatar-imaging", "has_changes": False, "totals": nothing})

    def wait(*_args: object, **_others: object) -> Report:
        is_running.set()
        assert may_end.wait(10)
        return report

    monkeypatch.setattr(rules, "try_rules", wait)
    first = Thread(target=try_rules, args=(receiver, FILE))
    first.start()
    assert is_running.wait(10)
    second = try_rules(receiver, FILE)
    may_end.set()
    first.join(10)
    assert (second.status, second.headers["retry-after"]) == (429, "10")
    assert try_rules(receiver, FILE).status == 200


@pytest.mark.slow
def test_what_a_change_would_do_is_answered(receiver: RunningReceiver) -> None:
    unchanged = try_rules(receiver, FILE).json()
    assert (unchanged["tenant_id"], unchanged["has_changes"]) == ("avatar-imaging", False)
    later = try_rules(receiver, FILE.replace("due: {before: 24h}", "due: {before: 12h}")).json()
    assert later["totals"]["moved"] > 0
