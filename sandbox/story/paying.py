"""Money by Stripe: what one payment makes it post, with declines, refunds and disputes at ordinary rates."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sandbox.people import Person, spell_phone
from sandbox.providers import stripe
from sandbox.providers.stripe_objects import DECLINE_CODES, Payment
from sandbox.story.agenda import Agenda, Setting
from sandbox.story.chance import happens, shortly

DECLINE_RATE = 0.06
DISPUTE_RATE = 0.004
_PHONE_GIVEN_RATE = 0.8


class Checkout:
    """Takes one customer's money for one business; `account` is its connected account if a platform takes it."""

    def __init__(
        self, setting: Setting, agenda: Agenda, person: Person, rng: Random, *, account: str | None = None
    ) -> None:
        self._setting = setting
        self._agenda = agenda
        self._person = person
        self._rng = rng
        self._account = account
        self._phone = spell_phone(person.phone, rng) if happens(rng, _PHONE_GIVEN_RATE) else None
        self._is_known = False

    def bill(
        self, key: str, amount: int, description: str, metadata: dict[str, str], *, is_card_present: bool = False,
        is_off_session: bool = False,
    ) -> Payment:  # fmt: skip
        """Return a payment of an amount in minor units, not yet taken. `key` is unique in the story."""
        return Payment(
            key=key, amount=amount, currency=self._setting.business.currency.lower(), payer=self._person,
            billing_phone=self._phone, description=description, account=self._account, metadata=metadata,
            is_card_present=is_card_present, is_off_session=is_off_session,
        )  # fmt: skip

    def check_out(self, at: datetime, payment: Payment, *, reference: str, site: str) -> datetime:
        """Take it through Stripe Checkout; return when it succeeded, after a declined first try now and then."""
        paid_at = self.charge(at, payment)
        self._agenda.add(
            paid_at + shortly(self._rng, seconds=0.8), stripe.checkout, self._setting.slug, payment,
            status="complete", reference=reference, site=site,
        )  # fmt: skip
        return paid_at

    def charge(self, at: datetime, payment: Payment) -> datetime:
        """Take it; return when it succeeded, after a declined first try now and then."""
        add, slug, rng = self._agenda.add, self._setting.slug, self._rng
        if not self._is_known:
            self._is_known = True
            known_at = at - shortly(rng, seconds=2)
            add(known_at, stripe.customer_created, slug, self._person, self._phone, self._account)
        if happens(rng, DECLINE_RATE):
            self.decline(at, payment)
            at += timedelta(seconds=int(rng.uniform(40, 900)))
        add(at, stripe.payment_succeeded, slug, payment)
        add(at - timedelta(milliseconds=rng.randint(100, 900)), stripe.charge_succeeded, slug, payment)
        if happens(rng, DISPUTE_RATE):
            disputed_at = at + timedelta(days=rng.uniform(6, 40))
            add(
                disputed_at, stripe.dispute_created, slug, payment, rng.choice(("fraudulent", "product_not_received"))
            )
        return at

    def decline(self, at: datetime, payment: Payment) -> None:
        """Let the bank decline one attempt."""
        code = self._rng.choice(DECLINE_CODES)
        self._agenda.add(at, stripe.payment_failed, self._setting.slug, payment, code)
        self._agenda.add(at - timedelta(milliseconds=300), stripe.charge_failed, self._setting.slug, payment, code)

    def refund(self, at: datetime, payment: Payment, paid_at: datetime, *, amount: int | None = None) -> None:
        """Give all of it back, or an amount in minor units."""
        given_back = payment.amount if amount is None else amount
        self._agenda.add(at, stripe.charge_refunded, self._setting.slug, payment, paid_at, given_back)
