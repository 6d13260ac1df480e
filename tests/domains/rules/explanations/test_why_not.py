"""`frontdesk why-not`: the first condition that failed, or what never happened."""

from __future__ import annotations

import pytest

from frontdesk.core.errors import FrontdeskError
from tests.domains.rules.explanations.conftest import Ask
from tests.pipelines.answered_home import ANN, BOB, CAT, DEE, EVE, SENT

TOO_LATE = (
    "1d before the start was Fri 20 Nov 2026, 23:00 AWST. booking.confirmed happened later, on "
    "Sat 21 Nov 2026, 19:30 AWST: too late to act."
)
HERE = ("--tenant", "avatar-imaging")


def refused(ask: Ask, *words: str) -> FrontdeskError:
    """Return the one-line error that ends it."""
    error = ask("why-not", *words).error
    assert error is not None
    assert "\n" not in error.detail
    return error


@pytest.mark.parametrize(
    ("rule", "contact", "words"),
    [
        ("no_response_4h", CAT, "opted out: by phone"),
        ("no_response_4h", EVE, "it is no longer needed: message.received at 2026-11-21T09:00:00Z"),
        ("reminder_24h", DEE, "waits for booking.confirmed or booking.rescheduled; Dee Date has none"),
        ("reminder_24h", BOB, TOO_LATE),
        ("reminder_24h", ANN, "Waits until Mon 23 Nov 2026, 20:00 AWST"),
        ("booking_confirmation", ANN, f"It acted: see `frontdesk why {SENT}`"),
    ],
)
def test_the_first_thing_that_failed_is_told(ask: Ask, rule: str, contact: str, words: str) -> None:
    answer = ask("why-not", rule, contact, *HERE, "--json").json()

    assert words in answer["summary"]
    assert words in ask("why-not", rule, contact, *HERE).text


def test_every_candidate_is_listed_with_its_reason(ask: Ask) -> None:
    answer = ask("why-not", "no_response_4h", "Eve Elm", "--json").json()

    assert {each["command_type"] for each in answer["decisions"]} == {"send_sms", "create_task"}
    assert {each["reason"] for each in answer["decisions"]} == {"happened"}
    assert answer["awaited"] == [{"fact_type": "lead.created", "count": 1, "last_at": "2026-11-21T07:00:00Z"}]


@pytest.mark.parametrize("contact", [ANN, "0400 000 001", "Ann Ash", "ann ash"])
def test_a_contact_is_found_by_what_people_have(ask: Ask, contact: str) -> None:
    assert ask("why-not", "recall_due", contact, "--json").json()["contact_name"] == "Ann Ash"


def test_a_contact_is_found_by_address_and_id(ask: Ask) -> None:
    by_address = ask("why-not", "recall_due", "PAT1@example.com", "--json").json()
    by_id = ask("why-not", "recall_due", by_address["contact_id"], "--json").json()
    assert by_id == by_address


def test_several_contacts_are_told_apart_by_their_ids(ask: Ask) -> None:
    error = refused(ask, "recall_due", "Pat Pine")
    assert (error.http_status, error.detail.count("Pat Pine (")) == (409, 2)


def test_what_there_is_not_gets_a_suggestion(ask: Ask) -> None:
    assert "did you mean recall_due?" in refused(ask, "recal_due", ANN).detail
    assert "did you mean recall_due?" in refused(ask, "recal_due", ANN, *HERE).detail
    assert "did you mean Ann Ash?" in refused(ask, "recall_due", "Anne Ash").detail
    assert "add --tenant with one of avatar-imaging, hmnp" in refused(ask, "reminder_24h", ANN).detail
    assert "there is no business nobody" in refused(ask, "recall_due", ANN, "--tenant", "nobody").detail
    assert refused(ask, "reminder_24h", ANN, "--tenant", "hmnp").title == "No such contact"
