"""The tool maker: campaigns, forms and deals in Zoho, orders by Stripe Checkout, invoices in Zoho Books, reorders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from sandbox.businesses import Offer
from sandbox.identifiers import digits, guid
from sandbox.people import Person
from sandbox.providers import stripe, zoho
from sandbox.providers.zoho import BooksOrder
from sandbox.story.agenda import Agenda, Setting
from sandbox.story.chance import a_while, happens, shortly
from sandbox.story.paying import Checkout

CUSTOMERS_PER_YEAR = 190
SEASONS = (1.0, 1.05, 1.15, 1.0, 1.0, 0.95, 0.8, 0.6, 1.15, 1.2, 1.15, 0.7)  # trade fairs in spring and autumn
ORDER_RATE, REORDER_RATE = 0.55, 0.55
ABANDONED_RATE, BANK_TRANSFER_RATE, REFUND_RATE = 0.12, 0.15, 0.02
_OPEN_RATE, _CLICK_RATE, _BOUNCE_RATE, _UNSUBSCRIBE_RATE = 0.42, 0.3, 0.02, 0.015
_MACHINES = ("tri_creaser", "spine_creaser")
_NEWSLETTERS_PER_YEAR = 10
_NEVER = datetime.max.replace(tzinfo=UTC)
_SITE = "shop.technifold.example"
_PRINTERS = ("Press", "Print", "Graphics", "Bindery", "Litho", "Finishing")


@dataclass(frozen=True, slots=True)
class _Account:
    """What one buyer's journey is told with."""

    setting: Setting
    agenda: Agenda
    rng: Random
    buyer: Person
    checkout: Checkout
    organization_id: str
    converted_at: datetime  # when the lead becomes a contact


def life(setting: Setting, person: Person, at: datetime, rng: Random) -> Agenda:
    """Tell of one printing company's buyer, from the first form to the reorders."""
    agenda = Agenda()
    buyer = replace(person, company=f"{person.last_name} {rng.choice(_PRINTERS)} Ltd")
    is_customer, offered_at = happens(rng, ORDER_RATE), at + a_while(rng, days=6, at_least=0.2)
    won_at = offered_at + a_while(rng, days=12, at_least=1)
    account = _Account(
        setting, agenda, rng, buyer, Checkout(setting, agenda, buyer, rng),
        organization_id=digits("books organization", setting.slug, length=11),
        converted_at=won_at if is_customer else _NEVER,
    )  # fmt: skip
    event_type = rng.choices(("form_submitted", "webinar_registered"), (3, 1))[0]
    fields = {"form_name": "Request a demo"} if event_type == "form_submitted" else {"webinar_name": "Creasing 101"}
    _post(account, at, event_type, {**fields, "utm_source": rng.choice(("google", "linkedin", "trade_fair"))})
    agenda.add(
        at + shortly(rng, seconds=3), zoho.crm_notification, setting.slug, buyer, module="Leads", operation="insert"
    )
    _correspond(account, at)
    if not is_customer:
        return agenda
    _deal(account, offered_at, won_at)
    number, ordered_at = 1, won_at + a_while(rng, days=1, at_least=0.05)
    while True:
        _order(account, ordered_at, number=number)
        if not happens(rng, REORDER_RATE):
            return agenda
        number, ordered_at = number + 1, ordered_at + a_while(rng, days=75, at_least=20)


def _correspond(account: _Account, at: datetime) -> None:
    """Send the newsletters until the address bounces or its owner unsubscribes."""
    rng, slug, add = account.rng, account.setting.slug, account.agenda.add
    for number in range(_NEWSLETTERS_PER_YEAR):
        sent_at = at + timedelta(days=36 * number + rng.uniform(1, 4))
        campaign = f"Newsletter {sent_at:%B %Y}"
        _post(account, sent_at, "campaign_sent", {"campaign_name": campaign})
        if happens(rng, _BOUNCE_RATE):
            bounce = {"bounce_type": "hard", "bounce_reason": "mailbox unavailable"}
            bounced_at = sent_at + shortly(rng, seconds=30)
            add(
                bounced_at, zoho.campaign_event, slug, account.buyer, action="bounce", campaign=campaign, extra=bounce
            )
            _post(account, bounced_at, "email_bounced", {"campaign_name": campaign})
            return
        if not happens(rng, _OPEN_RATE):
            continue
        opened_at = sent_at + shortly(rng, seconds=5400)
        if happens(rng, 0.5):
            _post(account, opened_at, "email_opened", {"campaign_name": campaign})
        else:
            add(opened_at, zoho.campaign_event, slug, account.buyer, action="email_open", campaign=campaign, extra={})
        if happens(rng, _CLICK_RATE):
            clicked_at, url = opened_at + shortly(rng, seconds=40), f"https://{_SITE}/x/{guid(campaign)[:8]}"
            if happens(rng, 0.5):
                _post(account, clicked_at, "email_clicked", {"campaign_name": campaign, "url": url})
            else:
                add(
                    clicked_at, zoho.campaign_event, slug, account.buyer, action="email_click", campaign=campaign,
                    extra={"click_url": url},
                )  # fmt: skip
        if happens(rng, _UNSUBSCRIBE_RATE):
            left_at = opened_at + shortly(rng, seconds=120)
            add(left_at, zoho.campaign_event, slug, account.buyer, action="unsubscribed", campaign=campaign, extra={})
            _post(account, left_at, "email_unsubscribed", {"campaign_name": campaign})
            return


def _deal(account: _Account, at: datetime, won_at: datetime) -> None:
    """Tell of the first sale's deal."""
    offer = account.setting.business.offers[account.rng.choice(_MACHINES)]
    fields: dict[str, str | float] = {
        "deal_name": f"{account.buyer.company}: {offer.name}",
        "amount": offer.price / 100,
        "currency": account.setting.business.currency,
    }
    _post(account, at, "deal_created", fields)
    account.agenda.add(
        at + timedelta(seconds=2), zoho.crm_notification, account.setting.slug, account.buyer, module="Deals",
        operation="insert",
    )  # fmt: skip
    _post(account, won_at, "deal_won", fields)
    account.agenda.add(
        won_at + timedelta(seconds=2), zoho.crm_notification, account.setting.slug, account.buyer, module="Contacts",
        operation="update",
    )  # fmt: skip


def _order(account: _Account, at: datetime, *, number: int) -> None:
    """Tell of one order: by card through Checkout, or on account by bank transfer."""
    rng, slug, add = account.rng, account.setting.slug, account.agenda.add
    currency = account.setting.business.currency
    offer, quantity = _basket(account, number)
    order_id = f"ORD-{digits('order', account.buyer.key, number, length=8)}"
    amount = offer.price * quantity
    metadata = {"order_id": order_id, "sku": offer.key, "quantity": str(quantity)}
    payment = account.checkout.bill(f"{account.buyer.key}/{number}", amount, f"{quantity} x {offer.name}", metadata)
    if happens(rng, ABANDONED_RATE):
        add(at + timedelta(days=1), stripe.checkout, slug, payment, status="expired", reference=order_id, site=_SITE)
        return
    if number == 1:
        add(at + shortly(rng, seconds=20), zoho.books_contact, slug, account.buyer, account.organization_id, currency)
    is_on_account = number > 1 and happens(rng, BANK_TRANSFER_RATE)
    if is_on_account:
        invoiced_at, paid_at = at + shortly(rng, seconds=900), at + a_while(rng, days=18, at_least=2)
    else:
        paid_at = account.checkout.check_out(at, payment, reference=order_id, site=_SITE)
        invoiced_at = paid_at + shortly(rng, seconds=300)
    order = BooksOrder(account.buyer, account.organization_id, order_id, amount, currency)
    add(invoiced_at, zoho.books_invoice, slug, order, status="sent")
    settled_at = max(paid_at, invoiced_at) + shortly(rng, seconds=40)
    if is_on_account:
        # Money that Stripe took is Stripe's to report; Books reports only what came by bank.
        add(settled_at, zoho.books_payment, slug, order)
    add(settled_at + timedelta(seconds=2), zoho.books_invoice, slug, order, status="paid")
    if not is_on_account and happens(rng, REFUND_RATE):
        account.checkout.refund(paid_at + a_while(rng, days=9, at_least=1), payment, paid_at)


def _basket(account: _Account, number: int) -> tuple[Offer, int]:
    offers = account.setting.business.offers
    if number == 1:
        return offers[account.rng.choice(_MACHINES)], 1
    consumables = [offer for key, offer in offers.items() if key not in _MACHINES]
    return account.rng.choice(consumables), account.rng.randint(1, 4)


def _post(account: _Account, at: datetime, event_type: str, fields: Mapping[str, str | float]) -> None:
    module = "Contacts" if at >= account.converted_at else "Leads"
    account.agenda.add(
        at, zoho.workflow_event, account.setting.slug, account.buyer, event_type=event_type, module=module,
        fields=fields,
    )  # fmt: skip
