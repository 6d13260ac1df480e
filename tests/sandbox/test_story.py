"""The year hangs together: what one provider reports fits what the others do."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import pytest
import yaml

from frontdesk.domains.imports.known_facts import ImportedEvent
from sandbox.businesses import Business
from sandbox.delivery import Delivery
from sandbox.story.year import PLOTS
from tests.sandbox.conftest import TENANTS_DIR
from tests.sandbox.reading import facts, of, stripe_objects, wix_bookings

NINE_SOURCES = {
    "stripe", "twilio", "clicksend", "wix", "manychat", "zoho", "gohighlevel", "proof", "google-calendar",
}  # fmt: skip
FICTITIOUS = re.compile(r"\+1\d{3}55501\d\d|\+618(5550|7010)\d{4}|\+44(7700900|2079460|1\d\d4960)\d{3}")


def _rate(part: int, whole: int) -> float:
    assert whole >= 30, "too few to speak of a rate"
    return part / whole


def _bookings(year: list[Delivery]) -> set[str]:
    by_wix = {booking["id"] for _, booking in wix_bookings(year)}
    by_gohighlevel = {event["appointment"]["id"] for _, event in of(year, "gohighlevel") if "appointment" in event}
    by_ledger = {payload["booking_id"] for _, payload in facts(year, "booking.created")}
    return by_wix | by_gohighlevel | by_ledger


def _list_prices() -> dict[str, dict[str, Decimal]]:
    contents = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in TENANTS_DIR.glob("*.yaml"))
    return {
        content["slug"]: {service["key"]: Decimal(str(service["price"])) for service in content["services"]}
        for content in contents
    }


def test_all_nine_sources_and_all_six_businesses_take_part(year: list[Delivery]) -> None:
    assert {delivery.source for delivery in year} == NINE_SOURCES | {"import"}
    assert {delivery.tenant for delivery in year} == PLOTS.keys()


def test_nobody_real_is_in_it(year: list[Delivery], businesses: Mapping[str, Business]) -> None:
    text = "\n".join(delivery.body.decode() for delivery in year)
    domains = set(re.findall(r"[\w.]+(?:@|%40)([\w.-]+\.\w+)", text))
    e164 = set(re.findall(r'"(?:phone|from|to)": ?"(\+\d+)"', text))

    assert domains <= {"example.com", "example.org", "example.net"}
    assert e164
    own = {business.phone for business in businesses.values()}
    assert not [number for number in e164 - own if not FICTITIOUS.fullmatch(number)]


def test_every_payment_belongs_to_a_booking_or_order_that_exists(year: list[Delivery]) -> None:
    bookings = _bookings(year)
    orders = {event["invoice"]["reference_number"] for _, event in of(year, "zoho") if "invoice" in event}
    payments = list(stripe_objects(year, "payment_intent.succeeded"))
    assert len(payments) > 300

    for delivery, intent in payments:
        metadata = intent["metadata"]
        if delivery.tenant == "technifold":
            # The invoice follows within minutes; of the last order it may come after the story's end.
            assert metadata["order_id"] in orders or year[-1].at - delivery.at < timedelta(hours=2)
        else:
            assert metadata["booking_id"] in bookings


def test_no_payment_comes_before_its_booking(year: list[Delivery]) -> None:
    created = {payload["booking_id"]: delivery.at for delivery, payload in facts(year, "booking.created")}

    for delivery, intent in stripe_objects(year, "payment_intent.succeeded"):
        booked_at = created.get(intent["metadata"].get("booking_id", ""))
        assert booked_at is None or booked_at < delivery.at


def test_a_booking_ends_in_one_way_only(year: list[Delivery]) -> None:
    endings: dict[str, set[str]] = defaultdict(set)
    for verb in ("cancelled", "completed", "no_show"):
        for _, payload in facts(year, f"booking.{verb}"):
            endings[payload["booking_id"]].add(verb)
    for slug, booking in wix_bookings(year):
        if slug in ("canceled", "declined"):
            endings[booking["id"]].add(slug)
    for _, event in of(year, "gohighlevel"):
        if event["type"] == "AppointmentUpdate" and event["appointment"]["appointmentStatus"] != "confirmed":
            endings[event["appointment"]["id"]].add(event["appointment"]["appointmentStatus"])

    assert Counter(len(ways) for ways in endings.values()).keys() == {1}
    assert {way for ways in endings.values() for way in ways} >= {"cancelled", "completed", "no_show", "noshow"}


@pytest.mark.parametrize(
    ("tenant", "parts"),
    [("avatar-imaging", 1), ("noizylab", 1), ("mikes-detailing", 2), ("joes-auto-spa", 2)],
)
def test_amounts_are_the_list_prices(year: list[Delivery], tenant: str, parts: int) -> None:
    prices = {int(price * 100) // parts for price in _list_prices()[tenant].values()}
    amounts = [
        intent["amount_received"]
        for delivery, intent in stripe_objects(year, "payment_intent.succeeded")
        if delivery.tenant == tenant
    ]

    assert amounts
    assert set(amounts) <= prices


def test_orders_cost_their_quantity_times_the_list_price(year: list[Delivery]) -> None:
    prices = _list_prices()["technifold"]

    for delivery, session in stripe_objects(year, "checkout.session.completed"):
        if delivery.tenant == "technifold":
            metadata = session["metadata"]
            assert session["amount_total"] == prices[metadata["sku"]] * 100 * int(metadata["quantity"])


def test_the_notarys_price_is_base_and_surcharges_and_tax(year: list[Delivery]) -> None:
    content = yaml.safe_load((TENANTS_DIR / "hmnp.yaml").read_text(encoding="utf-8"))
    radius = {service["key"]: service.get("radius_miles", 0) for service in content["services"]}
    prices = _list_prices()["hmnp"]
    first = _first_appointments(year)
    paid = [entry for entry in stripe_objects(year, "payment_intent.succeeded") if entry[0].tenant == "hmnp"]
    assert len(paid) > 30

    for _, intent in paid:
        metadata, appointment = intent["metadata"], first[intent["metadata"]["booking_id"]]
        starts_at = datetime.fromisoformat(appointment["startTime"])  # in the business's zone
        total = prices[metadata["service"]]
        if radius[metadata["service"]]:
            total += 40 if starts_at.weekday() >= 5 else 0
            total += 30 if not 9 <= starts_at.hour < 17 else 0
            total += Decimal("0.5") * max(int(metadata["miles"]) - radius[metadata["service"]], 0)
        booked_at = datetime.fromisoformat(appointment["dateAdded"])
        total += 50 if starts_at - booked_at <= timedelta(hours=4) else 0
        expected = (total * Decimal("108.25")).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        assert intent["amount"] == expected


def _first_appointments(year: list[Delivery]) -> dict[str, Any]:
    created = [event for _, event in of(year, "gohighlevel") if event["type"] == "AppointmentCreate"]
    return {event["appointment"]["id"]: event["appointment"] for event in created}


def test_rates_are_those_of_the_plot(year: list[Delivery]) -> None:
    leads = {event["id"] for _, event in of(year, "manychat") if event.get("event") == "lead_captured"}
    created = [booking for slug, booking in wix_bookings(year) if slug == "created"]
    canceled = [booking for slug, booking in wix_bookings(year) if slug == "canceled"]
    guests = {booking["contactDetails"]["contactId"] for booking in created}
    jobs = len(list(facts(year, "booking.created")))
    failed, succeeded = (
        len(list(stripe_objects(year, f"payment_intent.{verb}"))) for verb in ("payment_failed", "succeeded")
    )

    assert 0.5 < _rate(len(guests), len(leads)) < 0.85, "relatives book without a lead of their own"
    assert 0.03 < _rate(len(canceled), len(created)) < 0.2
    assert 0.02 < _rate(failed, succeeded) < 0.12
    assert 0.02 < _rate(len(list(facts(year, "booking.cancelled"))), jobs) < 0.15
    no_shows, completed = (len(list(facts(year, f"booking.{verb}"))) for verb in ("no_show", "completed"))
    assert 0.01 < _rate(no_shows, no_shows + completed) < 0.1


def test_customers_come_back_after_weeks_or_months(year: list[Delivery]) -> None:
    visits: dict[str, list[datetime]] = defaultdict(list)
    for slug, booking in wix_bookings(year):
        if slug == "created":
            visits[booking["contactDetails"]["contactId"]].append(datetime.fromisoformat(booking["createdDate"]))
    returns = [max(times) - min(times) for times in visits.values() if len(times) > 1]

    assert _rate(len(returns), len(visits)) > 0.05
    assert min(returns) > timedelta(days=30)


def test_some_families_share_an_address_and_not_a_phone(year: list[Delivery]) -> None:
    phones: dict[str, set[str]] = defaultdict(set)
    for tenant_person in facts(year, "booking.completed"):
        contact = tenant_person[1]["contact"]
        phones[contact["email"]].add(re.sub(r"\D", "", contact["phone"])[-8:])

    assert any(len(numbers) > 1 for numbers in phones.values())


def test_one_persons_phone_is_spelled_in_many_ways(year: list[Delivery]) -> None:
    shapes = {re.sub(r"\d", "9", booking["contactDetails"]["phone"]) for _, booking in wix_bookings(year)}

    assert len(shapes) >= 4


def test_nobody_is_texted_after_stop(year: list[Delivery]) -> None:
    stopped = {event["from"]: delivery.at for delivery, event in of(year, "clicksend") if event.get("body") == "STOP"}
    assert stopped

    for delivery, payload in facts(year, "message.sent"):
        stopped_at = stopped.get(payload["contact"]["phone"])
        assert stopped_at is None or delivery.at <= stopped_at


def test_some_deliveries_come_twice_late_and_out_of_order(year: list[Delivery]) -> None:
    times = Counter(delivery.identity for delivery in year)
    overtaken = sum(later.at < earlier.at for earlier, later in pairwise(year))
    latest, delays = year[0].at, []
    for delivery in year:
        latest = max(latest, delivery.at)
        delays.append(latest - delivery.at)

    assert 0.005 < _rate(sum(count > 1 for count in times.values()), len(times)) < 0.03
    assert 0 < _rate(overtaken, len(year)) < 0.3
    assert 0.003 < _rate(sum(delay > timedelta(hours=1) for delay in delays), len(delays)) < 0.05


def test_types_that_mean_nothing_and_broken_bodies_are_there(year: list[Delivery]) -> None:
    assert list(stripe_objects(year, "payout.paid"))
    assert any(event["type"] == "LocationUpdate" for _, event in of(year, "gohighlevel"))
    assert any(not fields for _, fields in of(year, "manychat"))


def test_the_clinics_marketing_has_a_price_each_month(year: list[Delivery]) -> None:
    told = {(fact["campaign"], fact["period_start"]): fact for _, fact in facts(year, "spend.recorded")}
    campaigns = {campaign for campaign, _ in told}
    touches = [fact for _, fact in facts(year, "touch.recorded") if fact["campaign"] in campaigns]
    assert {fact["channel"] for fact in touches} == {fact["channel"] for fact in told.values()}
    months = {start for _, start in told}
    assert len(told) == len(months) * len(campaigns) == 11 * 3, "a year from amid a month has eleven whole ones"
    assert all(fact["amount_minor"] > 0 and fact["currency"] == "AUD" for fact in told.values())


def test_the_import_takes_every_line(year: list[Delivery]) -> None:
    """The one check against our own code: a line that it refuses would make the demo fail."""
    for _, line in of(year, "import"):
        ImportedEvent.model_validate(line)


def test_zoho_reports_all_nine_of_its_plain_events(year: list[Delivery]) -> None:
    names = {event["event_type"] for _, event in of(year, "zoho") if "event_type" in event}

    assert names == {
        "email_opened", "email_clicked", "email_bounced", "email_unsubscribed", "campaign_sent", "form_submitted",
        "webinar_registered", "deal_created", "deal_won",
    }  # fmt: skip
