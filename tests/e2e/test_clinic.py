"""What the clinic needs, each once the whole way: signed HTTP, log, models, outbox, a provider's stand-in, and back.

Staff's pages are in tests/browser/test_morning.py (tasks, contact, board, a text by hand) and
tests/browser/test_webhook_to_page.py (a delivery on the open page); `make bench` says how fast all of it is. Markov
and Shapley need a build: tests/domains/attribution/test_warehouse.py. Reports across time zones and of late events:
tests/domains/reports.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.clock import SystemClock
from frontdesk.core.settings import Settings
from frontdesk.domains.reports.document import Report
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from sandbox.processes import running, wait_until_ready
from tests.domains.staff.conftest import PASSWORD, quick_passwords
from tests.e2e.clinic import AVA, BEN, CLINIC, CORA, DAN, PERTH, TIMEOUT, Clinic, at, running_clinic
from tests.e2e.clinic_story import AVAS_VISIT, days_before_the_visit, first_day, months_after
from tests.e2e.story import free_port
from tests.pipelines.homes import HomeFactory

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Lived:
    """The clinic after the story, and the report that was made in it."""

    clinic: Clinic
    report: Report


@pytest.fixture(scope="module")
def lived(homes: HomeFactory) -> Iterator[Lived]:
    with running_clinic(homes.new_home()) as clinic:
        first_day(clinic)
        days_before_the_visit(clinic)
        yield Lived(clinic, months_after(clinic))


@pytest.fixture(scope="module")
def clinic(lived: Lived) -> Clinic:
    return lived.clinic


def test_deliveries_are_answered_at_once_and_logged_once_and_for_ever(clinic: Clinic) -> None:
    # A busy machine holds up what does nothing just as much, so at once is measured by that.
    assert median(clinic.answered_in) < 2 * median(clinic.nothing_answered_in), "it waited for more than the log"
    taken = Counter(event.source for event in clinic.home.log.read_after(0, limit=1_000) if event.origin == "webhook")
    receipts = len([entry for entry in clinic.entries if entry["kind"] == "text"])
    assert taken == {"wix": 6, "manychat": 3, "stripe": 1, "clicksend": 2 + receipts}
    before = clinic.home.log.last_sequence()
    again = clinic.lead(AVA, at(0, "10:00"))
    assert clinic.request(again).is_success
    forged = httpx.post(f"{clinic.demo.receiver_url}/webhooks/{CLINIC}/manychat", content=again.body)
    assert forged.status_code == 401
    assert clinic.home.log.last_sequence() == before
    for statement in ("UPDATE event_log SET type = 'x'", "DELETE FROM event_log"):
        with pytest.raises(SQLAlchemyError, match="append-only"), clinic.home.engine.begin() as connection:
            connection.execute(text(statement))


def test_one_contact_with_a_booking_of_what_four_systems_say(clinic: Clinic) -> None:
    rows = clinic.home.query(
        "select contacts.display_name, contacts.acquisition_channel, contacts.amount_paid_minor, bookings.status, "
        "bookings.starts_at, bookings.count_reschedules "
        "from marts.dim_contacts as contacts inner join marts.fct_bookings as bookings using (contact_id) "
        f"where contact_id = '{clinic.contact_id(AVA)}'"
    )
    assert rows == [("Ava Ash", "facebook", 42_000, "completed", AVAS_VISIT, 1)]
    people = clinic.home.query(
        f"select count(*) from marts.dim_contacts where tenant_id = '{CLINIC}' and is_identified"
    )
    assert people == [(4,)]


def stages_of(clinic: Clinic, contact_id: str) -> list[tuple[object, ...]]:
    return clinic.home.query(
        "select stage, entered_at, left_at, is_backwards from marts.fct_stage_history "
        f"where subject = 'contact' and subject_id = '{contact_id}' order by move_number"
    )


def test_stages_keep_when_they_were_entered_and_left_backwards_too(clinic: Clinic) -> None:
    nudged = at(0, "15:01")
    bens = stages_of(clinic, clinic.contact_id(BEN))
    assert bens[:3] == [
        ("new_lead", at(0, "11:00"), nudged, False),
        ("no_response", nudged, at(1, "09:30"), False),
        ("contacted", at(1, "09:30"), at(91, "10:00"), True),
    ]
    assert [(stage, left, backwards) for stage, _, left, backwards in bens[3:]] == [("dormant", None, False)]
    avas = [(stage, backwards) for stage, _, _, backwards in stages_of(clinic, clinic.contact_id(AVA))]
    assert avas == [
        (name, False) for name in ("new_lead", "booking_pending", "booking_confirmed", "completed", "recall_due")
    ]


def test_rules_and_texts_are_the_clinics_file(clinic: Clinic) -> None:
    rules = {rule.id for rule in clinic.home.tenants[CLINIC].rules}
    decided = clinic.home.query(
        f"select distinct rule_id from marts.fct_decisions where tenant_id = '{CLINIC}' and verdict = 'intended'"
    )
    # Money that goes back, and replies that may mean STOP or CANCEL, are no part of this story.
    elsewhere = {"refund_failed", "payment_disputed", "did_they_mean_cancel", "did_they_mean_stop"}
    assert {str(rule) for (rule,) in decided} | elsewhere == rules
    [words] = [said for when, said in clinic.texts_to(AVA) if when == at(5, "11:01")]
    template = clinic.home.tenants[CLINIC].templates.sms["reminder_24h"]
    name = re.compile(r"{% if booking.guest_first_name %}.*{% endif -%}\s*")
    filled = name.sub("Ava, ", template).replace('{{ booking.service_name | default("scan") }}', "MRI")
    filled = filled.replace("{{ booking.starts_at | date }}", f"{AVAS_VISIT.astimezone(PERTH):%a %-d %b}")
    assert words == filled.replace("{{ booking.starts_at | time }}", "11:00 am").strip()


def test_a_text_that_was_refused_for_its_rate_goes_out_once_and_its_receipt_comes_back(clinic: Clinic) -> None:
    confirmations = clinic.commands("booking_confirmation")
    assert sorted(len(command.attempts) for command in confirmations) == [1, 2]
    assert {command.state for command in confirmations} == {CommandState.SENT}
    ledger = httpx.get(f"{clinic.demo.sandbox_url}/control/ledger", params={"tenant": CLINIC}).json()
    assert ledger["repeated_references"] == []
    assert ledger["requests"]["clicksend"]["429"] == 1
    statuses = clinic.home.query(
        f"select status, count(*) from marts.fct_messages where tenant_id = '{CLINIC}' and channel = 'sms' "
        "and direction = 'outbound' group by all"
    )
    assert statuses == [("delivered", len([entry for entry in clinic.entries if entry["kind"] == "text"]))]


def test_reminders_follow_the_appointment(clinic: Clinic) -> None:
    # Ava moved from day 5 to day 6: nothing 48 hours before the old time. Dan cancelled two hours before his first.
    reminded = [when for when, _ in clinic.texts_to(AVA)][1:4]
    assert reminded == [at(4, "11:01"), at(5, "11:01"), at(6, "09:01")]
    assert len(clinic.texts_to(DAN)) == 1, "the confirmation alone"


def test_who_is_silent_for_four_hours_is_asked_once_and_becomes_a_task(clinic: Clinic) -> None:
    [(when, words)] = clinic.texts_to(BEN)
    assert when == at(0, "15:01")
    assert words.startswith("Hi Ben, Avatar Imaging here")
    assert clinic.texts_to(CORA) == [], "she had answered"
    assert tasks_of(clinic, "no_response") == [("Ben Birch", at(1, "15:01"))]


def tasks_of(clinic: Clinic, kind: str) -> list[tuple[object, ...]]:
    return clinic.home.query(
        "select display_name, due_at from marts.fct_tasks inner join marts.dim_contacts using (contact_id) "
        f"where kind = '{kind}' order by 1"
    )


def test_after_half_a_year_a_patient_is_recalled(clinic: Clinic) -> None:
    [words] = [words for when, words in clinic.texts_to(AVA) if when == at(186, "12:00")]
    assert words.startswith("Hi Ava, it may be time for your follow-up scan")
    assert [name for name, _ in tasks_of(clinic, "recall")] == ["Ava Ash"]


def test_after_three_silent_months_a_lead_is_to_be_closed(clinic: Clinic) -> None:
    assert [name for name, _ in tasks_of(clinic, "dormant")] == ["Ben Birch", "Cora Cedar"]


def test_warmness_is_the_sum_of_points_that_halve_each_fortnight(clinic: Clinic) -> None:
    moment = at(9, "12:00")
    points = {at(0, "11:00"): 25, at(1, "09:30"): 15}
    expected = sum(worth * 0.5 ** ((moment - when) / timedelta(days=14)) for when, worth in points.items())
    [(score, components)] = clinic.home.query(
        f"select score, components from marts.warmness_at(timestamptz '{moment}') "
        f"where contact_id = '{clinic.contact_id(BEN)}'"
    )
    assert score == pytest.approx(expected, abs=0.01)
    assert isinstance(components, list)
    assert [each["component"] for each in components] == ["lead.created", "message.received"]


def test_money_is_credited_to_what_led_to_the_booking(clinic: Clinic) -> None:
    # Facebook the day before, Instagram twenty minutes before; Dan came from nowhere and paid nothing.
    rows = clinic.home.query(
        "select model, channel, conversions, revenue_minor from reports.rpt_channel_attribution "
        f"where tenant_id = '{CLINIC}' and lookback_days = 7 and conversions > 0 "
        "and model in ('first', 'last', 'linear') order by all"
    )
    assert rows == [
        ("first", "facebook", 1.0, 42_000), ("first", "none", 1.0, 0),
        ("last", "instagram", 1.0, 42_000), ("last", "none", 1.0, 0),
        ("linear", "facebook", 0.5, 21_000), ("linear", "instagram", 0.5, 21_000), ("linear", "none", 1.0, 0),
    ]  # fmt: skip
    spent = clinic.home.query(
        f"select channel, spend_minor from marts.fct_channel_spend where tenant_id = '{CLINIC}'"
    )
    assert spent == [("facebook", 310)]


def test_the_weeks_report_is_mailed_on_monday_and_kept(lived: Lived) -> None:
    clinic, report = lived.clinic, lived.report
    figures = {(each.metric, each.currency): each.value for each in report.figures}
    expected = {
        "leads_new": 3, "bookings_created": 2, "bookings_completed": 1, "bookings_cancelled": 1, "messages_in": 2,
    }  # fmt: skip
    assert {metric: figures[metric, None] for metric in expected} == expected
    assert figures["revenue_received", "AUD"] == 42_000
    [letter] = [entry for entry in clinic.entries if entry["kind"] == "e-mail"]
    assert letter["recipient"] == "hello@avatarimaging.example"
    archive = clinic.maker().archive
    assert [each["size"] for each in letter["attachments"] if each["type"] == "application/pdf"] == [
        len(archive.read(CLINIC, report.report_id, "pdf"))
    ]
    assert Report.model_validate_json(archive.read(CLINIC, report.report_id, "json")) == report
    assert clinic.home.query("select period_start_date::varchar from marts.fct_reports") == [
        (f"{at(0).astimezone(PERTH):%F}",)
    ]


@dataclass(frozen=True)
class Caller:
    """Asks /v1 in the name of a session."""

    clinic: Clinic
    token: str

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return httpx.request(
            method,
            f"{self.clinic.demo.receiver_url}/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=TIMEOUT,
        )


@pytest.fixture(scope="module")
def directory(clinic: Clinic) -> StaffDirectory:
    return StaffDirectory.open(
        clinic.home.engine,
        settings=Settings(),
        clock=SystemClock(),
        ids=clinic.home.ids,
        passwords=quick_passwords(),
    )


def sign_in(clinic: Clinic, email: str, password: str = PASSWORD) -> httpx.Response:
    body = {"tenant": CLINIC, "email": email, "password": password}
    return httpx.post(f"{clinic.demo.receiver_url}/v1/sessions", json=body, timeout=TIMEOUT)


@pytest.fixture(scope="module")
def mia(clinic: Clinic, directory: StaffDirectory) -> Caller:
    """A receptionist who is signed in."""
    directory.accounts.add(
        tenant_id=CLINIC, email="mia@example.com", name="Mia", role=Role.ADMIN, password=PASSWORD, by="test"
    )
    return Caller(clinic, sign_in(clinic, "mia@example.com").json()["token"])


def test_a_session_opens_by_the_right_password_and_ends_with_the_account(
    clinic: Clinic, directory: StaffDirectory
) -> None:
    account = directory.accounts.add(
        tenant_id=CLINIC, email="tom@example.com", name="Tom", role=Role.TECH, password=PASSWORD, by="test"
    )
    assert sign_in(clinic, account.email, "not the right sentence").status_code == 401
    tom = Caller(clinic, sign_in(clinic, account.email).json()["token"])
    assert tom.ask("GET", "sessions/current").status_code == 200
    assert tom.ask("GET", "audit").status_code == 403
    directory.accounts.set_disabled(account, is_disabled=True, by="test")
    assert tom.ask("GET", "sessions/current").status_code == 401
    assert httpx.get(f"{clinic.demo.receiver_url}/v1/tasks").status_code == 401


def test_tasks_of_rules_are_worked_off_most_urgent_first(clinic: Clinic, mia: Caller) -> None:
    clinic.follow()
    tasks = mia.ask("GET", "tasks").json()["tasks"]
    kinds = [task["kind"] for task in tasks]
    # Ben's and Cora's texts wait for an answer; nobody welcomes Ava, who came, or Dan, who cancelled.
    assert sorted(kinds) == ["dormant", "dormant", "recall", "unanswered_text", "unanswered_text"]
    assert {task["timeframe"] for task in tasks} <= {"overdue", "today", "upcoming"}
    priorities = [task["priority_score"] for task in tasks]
    assert priorities == sorted(priorities, reverse=True)
    assert kinds[0] == "unanswered_text"
    assert kinds[-1] == "dormant"

    done, later, given = (f"tasks/{task['task_id']}" for task in tasks[:3])
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert mia.ask("POST", f"{done}:complete", {}).json()["is_new"]
    assert not mia.ask("POST", f"{done}:complete", {}).json()["is_new"]
    assert mia.ask("POST", f"{later}:snooze", {"until": tomorrow.isoformat()}).status_code == 202
    assert mia.ask("POST", f"{given}:reassign", {"assigned_to": "Tom"}).status_code == 202
    clinic.follow()
    left = mia.ask("GET", "tasks").json()["tasks"]
    assert [task["task_id"] for task in left] == [task["task_id"] for task in tasks[2:]]
    assert left[0]["assigned_to"] == "Tom"
    assert clinic.home.query(f"select completed_by from marts.fct_tasks where task_id = '{tasks[0]['task_id']}'") == [
        ("mia@example.com",)
    ]


def test_a_text_by_hand_goes_out_in_the_clinics_name_and_is_in_the_conversation(clinic: Clinic, mia: Caller) -> None:
    body = {"contact": {"phone": CORA.phone}, "channel": "sms", "text": "Friday at nine is free."}
    assert mia.ask("POST", "messages", body).status_code == 202
    # The next noon: at night a text waits for the morning.
    noon = datetime.now(PERTH).replace(hour=12, minute=0, second=0, microsecond=0)
    clinic.work(noon if noon > datetime.now(PERTH) else noon + timedelta(days=1))
    [(_, words)] = clinic.texts_to(CORA)
    assert words == "Friday at nine is free."
    conversation = clinic.home.query(
        f"select direction, body, status from marts.fct_messages where contact_id = '{clinic.contact_id(CORA)}' "
        "order by created_at"
    )
    assert conversation == [("inbound", "Is Friday free?", "received"), ("outbound", words, "delivered")]


def test_a_flood_of_deliveries_is_slowed_down_and_nothing_else(clinic: Clinic) -> None:
    port = free_port()
    environ = {
        **clinic.demo.environ,
        "FRONTDESK_RECEIVER_PORT": str(port),
        "FRONTDESK_WEBHOOK_RATE_LIMIT_PER_MINUTE": "3",
    }
    log = clinic.home.folder / "logs" / "slow_receiver.log"
    url = f"http://127.0.0.1:{port}"
    with running([sys.executable, "-m", "webhooks"], environ=environ, log=log) as process:
        wait_until_ready(f"{url}/readyz", process, log=log)
        answers = [clinic.request(clinic.lead(AVA, at(0, "10:00")), url=url) for _ in range(6)]
        other = clinic.request(clinic.text_from(CORA, at(0, "12:00"), "Is Friday free?"), url=url)
    codes = [answer.status_code for answer in answers]
    assert codes[:3] == [200, 200, 200]
    assert 429 in codes[3:]
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 429)
    assert other.is_success
