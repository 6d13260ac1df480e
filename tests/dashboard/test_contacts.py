"""Contacts: search, results, and a person's profile."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import ANNA, ANNA_TOO, BARBERS, JOSE, MASSAGE, NEWCOMER
from tests.dashboard.typing import act

pytestmark = pytest.mark.usefixtures("filled_home")


def open_tab(tab: str, contact_id: str = ANNA) -> AppTest:
    app = open_page("contacts", tenant=MASSAGE, contact=contact_id)
    app.session_state["contact_tab"] = tab
    return app.run()


def tables(app: AppTest) -> list[pd.DataFrame]:
    return [table.value for table in app.table]


def contacts_of(app: AppTest) -> list[Button]:
    """The buttons of the page, without the frame's."""
    return [button for button in app.button if button.key != "sign_out"]


def test_contacts_need_a_business() -> None:
    app = open_page("contacts")
    assert "Choose a business" in text_of(app)
    app.button(key=f"choose_{MASSAGE}").click().run()
    assert app.query_params["tenant"] == MASSAGE
    assert app.button(key=f"contact_{ANNA}").label == "Anna Lind"


def test_without_a_search_the_last_seen_come_first() -> None:
    app = open_page("contacts", tenant=MASSAGE)
    labels = [button.label for button in contacts_of(app)]
    assert labels[:2] == ["Anna Lind", "José Álvarez"]
    assert "+61412345678 · anna.lind@example.com" in text_of(app)
    assert "3 bookings · paid A$250.00" in text_of(app)


def test_search_narrows_and_forgets_the_open_contact() -> None:
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA)
    app = act(app, "contact_search", action="search", text="alvarez")
    assert "contact" not in app.query_params
    assert [button.key for button in contacts_of(app)] == [f"contact_{JOSE}"]
    assert "1 found" in text_of(app)


def test_search_of_a_link_is_run() -> None:
    app = open_page("contacts", tenant=MASSAGE, search="0412 345 678")
    assert [button.key for button in contacts_of(app)] == [f"contact_{ANNA}"]


def test_many_matches_are_cut_and_said_to_be() -> None:
    app = open_page("contacts", tenant=BARBERS, search="walk-in")
    assert len(contacts_of(app)) == 24
    assert "First 24 matches" in text_of(app)


def test_no_match_says_what_to_try() -> None:
    app = open_page("contacts", tenant=MASSAGE, search="nobody")
    assert "No contact matches nobody" in text_of(app)
    assert "Try part of the name" in text_of(app)


def test_a_business_without_contacts_says_so() -> None:
    assert "No contacts yet" in text_of(open_page("contacts", tenant=NEWCOMER))


def test_a_result_opens_the_profile_and_back() -> None:
    app = open_page("contacts", tenant=MASSAGE)
    app.button(key=f"contact_{ANNA}").click().run()
    assert app.query_params["contact"] == ANNA
    assert app.header[0].value == "Anna Lind"
    app.button(key="contact_back").click().run()
    assert "contact" not in app.query_params
    assert app.button(key=f"contact_{JOSE}")


def test_profile_shows_what_is_known() -> None:
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA)
    text = text_of(app)
    assert "Lind & Co · +61412345678 · anna.lind@example.com" in text
    assert "Instagram · autumn_offer" in text
    assert "Bookings: 3" in text
    assert "Paid: A$250.00" in text


def test_timeline_is_by_day_newest_first() -> None:
    text = text_of(open_page("contacts", tenant=MASSAGE, contact=ANNA))
    titles = ["Booking confirmed", "Payment received", "Text received", "Did not come", "Lead from Instagram"]
    assert sorted(titles, key=text.index) == titles
    assert "**Booking confirmed** A$125.00 :small[Deep tissue massage]" in text
    assert ":red[:material/event:] **Did not come**" in text


def test_bookings_payments_identity_and_consent_are_tables() -> None:
    bookings, payments = tables(open_tab("Bookings"))[-1], tables(open_tab("Payments"))[-1]
    identifiers, consents = tables(open_tab("Identity"))[-2:]
    assert list(bookings["Status"]) == [":green-badge[Confirmed]", ":blue-badge[Completed]", ":red-badge[No\\-show]"]
    assert list(payments["Status"]) == [
        ":red-badge[Failed]",
        ":orange-badge[Refunded]",
        ":green-badge[Succeeded]",
    ]
    assert payments["Why it failed"][0] == "card\\_declined"
    assert payments["Refunded"][1] == "A\\$125\\.00"
    assert list(identifiers["Identifier"]) == ["Phone", "E\\-mail", "Wix contact"]
    assert set(identifiers["First event"]) == {"`0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b`"}
    assert list(consents["Consent"]) == [":green-badge[Given]"]


def test_a_conflict_is_told_and_leads_to_the_other_contact() -> None:
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA)
    assert (
        "**Anna Lind** (+61412345678) and **Anna L.** (+61498765432) share the e-mail **anna.lind@example.com**"
        in text_of(app)
    )
    [other] = [button for button in app.button if button.label.startswith("Open")]
    other.click().run()
    assert app.query_params["contact"] == ANNA_TOO
    app = open_tab("Bookings", ANNA_TOO)
    assert "No bookings." in text_of(app)
    assert list(tables(open_tab("Identity", ANNA_TOO))[-1]["Consent"]) == [":red-badge[Withdrawn]"]


def test_a_contact_without_consent_gets_no_marketing() -> None:
    assert "No consent recorded: no marketing may be sent." in text_of(open_tab("Identity", JOSE))


@pytest.mark.parametrize(("tenant_id", "contact_id"), [(MASSAGE, "no-such-id"), (BARBERS, ANNA)])
def test_a_contact_of_nobody_or_of_another_business_is_not_shown(tenant_id: str, contact_id: str) -> None:
    app = open_page("contacts", tenant=tenant_id, contact=contact_id)
    assert "No such contact" in text_of(app)
    assert "Anna" not in text_of(app)


def test_another_business_closes_the_profile() -> None:
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA)
    app.selectbox(key="tenant").select(BARBERS).run()
    assert "contact" not in app.query_params
    assert app.button(key="contact_barber-00")


def test_profile_in_a_file_where_nothing_happened(empty_home: Path) -> None:
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA)
    assert empty_home.exists()
    assert "No such contact" in text_of(app)
