"""`frontdesk why`: everything that is known of one command."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.errors import FrontdeskError
from frontdesk.domains.rules.explanations.why import describe_decision
from frontdesk.domains.sending.outbox.commands import CommandState
from tests.domains.rules.explanations.conftest import TENANTS, Ask
from tests.pipelines.answered_home import ANN, MANUAL, POSTPONED, PROVIDER_ID, SENT, WAITING
from tests.pipelines.facts import TENANT, contact
from tests.pipelines.homes import NOW, Home, HomeFactory


def error_of(error: FrontdeskError | None) -> FrontdeskError:
    assert error is not None
    return error


def test_what_went_out_is_told_to_the_receipt(ask: Ask) -> None:
    answer = ask("why", SENT, "--json").json()

    assert answer["rule"] == {
        "rule_id": "booking_confirmation",
        "version": "1",
        "version_now": 1,
        "is_changed": False,
    }
    [cause] = answer["causes"]
    assert (cause["type"], cause["source"], cause["occurred_at"]) == (
        "booking.confirmed",
        "frontdesk",
        "2026-11-21T11:00:00Z",
    )
    assert (answer["decision"]["verdict"], answer["decision"]["state"]) == ("intended", "sent")
    attempts = answer["delivery"]["attempts"]
    assert [each["outcome"] for each in attempts] == ["retry", "sent"]
    assert attempts[0]["detail"] == "503 from the provider"
    assert answer["delivery"]["provider_id"] == PROVIDER_ID
    assert (answer["outcome"]["outcome"], answer["outcome"]["message_id"]) == ("delivered", PROVIDER_ID)
    content = answer["content"]
    assert content["is_sent"] is True
    assert content["text"] == "Hi Ann, your appointment with Avatar Imaging is booked for Tue 24 Nov at 8:00 pm."
    assert (content["template"], len(content["template_version"])) == ("booking_confirmation", 12)
    assert answer["lag_events"] == 0


def test_what_waits_shows_until_when_and_the_words_as_they_would_be_now(ask: Ask) -> None:
    answer = ask("why", WAITING, "--json").json()

    assert answer["summary"] == "Waits until Mon 23 Nov 2026, 20:00 AWST."
    assert answer["content"]["is_sent"] is False
    assert "is on Tue 24 Nov at 8:00 pm" in answer["content"]["text"]
    assert (answer["delivery"]["attempts"], answer["outcome"]) == ([], None)


def test_a_terminal_shows_the_same(ask: Ask) -> None:
    text = ask("why", SENT).text

    for words in (SENT, "booking_confirmation, version 1", "503 from the provider", PROVIDER_ID, "Hi Ann"):
        assert words in text
    assert "delivered: done 2026-11-21 12:00:00Z, delivered 2026-11-21 12:00:36Z" in text


def test_quiet_hours_are_told(ask: Ask) -> None:
    answer = ask("why", POSTPONED, "--json").json()

    assert answer["summary"] == "Waits until Sun 22 Nov 2026, 08:00 AWST (quiet hours)."
    assert (answer["delivery"]["reason"], answer["delivery"]["attempts"]) == ("quiet hours", [])


def test_what_a_person_asked_for_has_no_rule(ask: Ask) -> None:
    answer = ask("why", MANUAL, "--json").json()

    assert answer["rule"]["rule_id"] is None
    assert [cause["type"] for cause in answer["causes"]] == ["message.requested"]
    assert (answer["content"]["text"], answer["content"]["template"]) == ("Your images are ready.", None)
    assert "a person asked for it" in ask("why", MANUAL).text


def test_a_refusal_tells_the_event_that_refused(ask: Ask, asked_home: Home) -> None:
    [(key,)] = asked_home.query(
        "select command_key from marts.fct_decisions where reason = 'opted_out' and rule_id = 'no_response_4h'"
    )
    answer = ask("why", str(key), "--json").json()

    assert answer["summary"] == "Not sent because the contact opted out: by phone at 2026-11-21T08:00:00Z."
    assert (answer["consent"]["is_granted"], answer["consent"]["event"]["type"]) == (False, "consent.revoked")
    assert answer["delivery"] is None


def test_a_nearly_right_key_gets_the_right_one(ask: Ask) -> None:
    error = error_of(ask("why", SENT.replace("b-ann", "b-anna")).error)

    assert (error.http_status, SENT in error.detail) == (404, True)
    assert "\n" not in error.detail


def test_a_changed_rule_is_told(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = f"{TENANT}.yaml"
    rule = "  - id: booking_confirmation\n"
    (tmp_path / file).write_text((TENANTS / file).read_text().replace(rule, f"{rule}    version: 2\n"))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(tmp_path))

    assert "booking_confirmation, version 1; it is version 2 now" in ask("why", SENT).text


def test_decisions_that_lag_behind_the_log_say_so(
    homes: HomeFactory, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    home = homes.new_home()
    home.follow_in_batches([[contact("1", name="Ann Ash", phone=ANN)]])
    home.log.append([contact("2", name="Ann Ash", phone=ANN)])
    monkeypatch.setenv("FRONTDESK_HOME", str(home.folder))

    shown = ask("why-not", "recall_due", "Ann Ash")

    assert "1 event is not processed yet" in shown.text


FORBIDDEN = ", stopped later because the booking was cancelled or finished: the booking is cancelled"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, FORBIDDEN),
        (CommandState.WITHDRAWN, FORBIDDEN),
        (CommandState.SENT, ""),
    ],
)
def test_what_came_since_stops_what_waits_and_is_of_no_account_for_what_went_out(
    state: CommandState | None, words: str
) -> None:
    decision = {
        "verdict": "intended",
        "due_at": NOW,
        "reason": None,
        "stopped_by": "booking_state",
        "stopped_detail": "the booking is cancelled",
    }
    assert describe_decision(decision, state) == f"approved to send, due 2026-11-21 12:00:00Z{words}"
