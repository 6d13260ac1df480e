"""A payment's state and amounts are what its objects have come to, in whatever order, and with whatever times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.domains.payments.stripe_events import StripePayment
from tests.pipelines.homes import Home, HomeFactory

ORDERS = 8


class State(NamedTuple):
    """What fct_payments says of a payment."""

    status: str
    amount: int | None
    refunded: int
    lost: int
    net: int | None


Story = Callable[[StripePayment], Sequence[NewEvent]]


def _paid(payment: StripePayment) -> list[NewEvent]:
    return [payment.intent(), payment.charge(at=1), payment.session("completed", "paid", at=2)]


#: A recorded sequence and what it comes to. All payments are of 180.00.
STORIES: dict[str, tuple[Story, State]] = {
    "paid": (_paid, State("succeeded", 18_000, 0, 0, 18_000)),
    "refunded": (
        lambda p: [*_paid(p), p.charge("refunded", at=9, refunded=18_000, before=0)],
        State("refunded", 18_000, 18_000, 0, 0),
    ),
    "a refund that both charge and refund tell of counts once": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=9, refunded=5_000, before=0),
            p.refund("refund.created", "pending", at=9, amount=5_000),
            p.refund("refund.updated", "succeeded", at=20, amount=5_000),
        ],
        State("partially_refunded", 18_000, 5_000, 0, 13_000),
    ),
    "a refund that failed": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=9, refunded=18_000),
            p.refund("charge.refund.updated", "failed", at=90),
            p.refund("refund.failed", "failed", at=90),
            p.refund("refund.updated", "failed", at=90),
            p.charge("updated", at=91, refunded=0),
        ],
        State("succeeded", 18_000, 0, 0, 18_000),
    ),
    "a refund that failed, told by the charge alone": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=9, refunded=18_000, before=0),
            p.charge("updated", at=91, refunded=0, before=18_000),
        ],
        State("succeeded", 18_000, 0, 0, 18_000),
    ),
    "a refund that was cancelled": (
        lambda p: [
            *_paid(p),
            p.refund("refund.created", "requires_action", at=9),
            p.refund("refund.updated", "canceled", at=90),
        ],
        State("succeeded", 18_000, 0, 0, 18_000),
    ),
    "one of three refunds failed": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=9, refunded=5_000, before=0),
            p.refund("refund.created", "succeeded", at=9, amount=5_000, number=1),
            p.charge("refunded", at=10, refunded=8_000, before=5_000),
            p.refund("refund.created", "pending", at=10, amount=3_000, number=2),
            p.charge("refunded", at=11, refunded=9_000, before=8_000),
            p.refund("refund.created", "succeeded", at=11, amount=1_000, number=3),
            p.refund("refund.failed", "failed", at=90, amount=5_000, number=1),
        ],
        State("partially_refunded", 18_000, 4_000, 0, 14_000),
    ),
    "a refund failed, and was made again, of which the charge alone tells": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=9, refunded=5_000, before=0),
            p.refund("refund.failed", "failed", at=90, amount=5_000),
            p.charge("refunded", at=99, refunded=3_000, before=0),
        ],
        State("partially_refunded", 18_000, 3_000, 0, 15_000),
    ),
    "two refunds of which the charge tells without what was before": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=9, refunded=3_000),
            p.charge("refunded", at=19, refunded=7_000),
        ],
        State("partially_refunded", 18_000, 7_000, 0, 11_000),
    ),
    "a refund failed of which the charge told without what was before": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=9, refunded=3_000),
            p.charge("refunded", at=19, refunded=7_000),
            p.refund("refund.failed", "failed", at=90, amount=4_000, number=2),
        ],
        State("partially_refunded", 18_000, 3_000, 0, 15_000),
    ),
    "a refund is all that tells of the payment": (
        lambda p: [p.refund("refund.created", "succeeded", at=9)],
        State("refunded", None, 18_000, 0, None),
    ),
    "a charge that was given back was taken": (
        lambda p: [p.charge("refunded", at=9, refunded=5_000, before=0)],
        State("partially_refunded", 18_000, 5_000, 0, 13_000),
    ),
    "an authorisation captured in part": (
        lambda p: [
            p.intent("amount_capturable_updated"),
            p.charge(at=1, captured=0),
            p.charge("captured", at=9, captured=6_000, refunded=12_000),
            p.intent(at=9, received=6_000),
        ],
        State("succeeded", 6_000, 0, 0, 6_000),
    ),
    "an authorisation captured in part, and of that some given back": (
        lambda p: [
            p.charge(at=1, captured=0),
            p.charge("captured", at=9, captured=6_000, refunded=12_000),
            p.charge("refunded", at=20, captured=6_000, refunded=13_000, before=12_000),
        ],
        State("partially_refunded", 6_000, 1_000, 0, 5_000),
    ),
    "an authorisation that was never captured": (
        lambda p: [p.charge(at=1, captured=0), p.charge("expired", at=9, captured=0), p.intent("canceled", at=9)],
        State("cancelled", 18_000, 0, 0, None),
    ),
    "a dispute that is open": (
        lambda p: [*_paid(p), p.dispute("created", "needs_response", at=9)],
        State("disputed", 18_000, 0, 0, 18_000),
    ),
    "a dispute that is lost": (
        lambda p: [
            *_paid(p),
            p.dispute("created", "needs_response", at=9),
            p.dispute("funds_withdrawn", "needs_response", at=10),
            p.dispute("updated", "under_review", at=20),
            p.dispute("closed", "lost", at=90),
        ],
        State("lost", 18_000, 0, 18_000, 0),
    ),
    "a dispute that is won": (
        lambda p: [
            *_paid(p),
            p.dispute("created", "needs_response", at=9),
            p.dispute("funds_withdrawn", "needs_response", at=10),
            p.dispute("closed", "won", at=90),
            p.dispute("funds_reinstated", "won", at=91),
        ],
        State("succeeded", 18_000, 0, 0, 18_000),
    ),
    "money that comes back of a dispute that is lost is no win": (
        lambda p: [
            *_paid(p),
            p.dispute("closed", "lost", at=90),
            p.dispute("funds_reinstated", "lost", at=91),
        ],
        State("lost", 18_000, 0, 18_000, 0),
    ),
    "a dispute that was won, and lost in the end": (
        lambda p: [
            *_paid(p),
            p.dispute("created", "needs_response", at=9, movements=1),
            p.dispute("closed", "won", at=90, movements=2),
            p.dispute("updated", "lost", at=99, movements=3),
        ],
        State("lost", 18_000, 0, 18_000, 0),
    ),
    "an inquiry that came to nothing": (
        lambda p: [
            *_paid(p),
            p.dispute("created", "warning_needs_response", at=9),
            p.dispute("closed", "warning_closed", at=90),
        ],
        State("succeeded", 18_000, 0, 0, 18_000),
    ),
    "a part was given back, and the rest disputed and lost": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=5, refunded=8_000, before=0),
            p.dispute("created", "needs_response", at=9, amount=10_000),
            p.dispute("closed", "lost", at=90, amount=10_000),
        ],
        State("lost", 18_000, 8_000, 10_000, 0),
    ),
    "no more is lost than was received": (
        lambda p: [
            *_paid(p),
            p.charge("refunded", at=5, refunded=18_000, before=0),
            p.dispute("closed", "lost", at=90),
        ],
        State("refunded", 18_000, 18_000, 0, 0),
    ),
    "a dispute and a refund that name their charge alone": (
        lambda p: [
            *_paid(p),
            p.refund("refund.created", "succeeded", at=5, amount=8_000, has_intent=False),
            p.dispute("created", "needs_response", at=9, amount=10_000, has_intent=False),
            p.dispute("closed", "lost", at=90, amount=10_000, has_intent=False),
        ],
        State("lost", 18_000, 8_000, 10_000, 0),
    ),
    "a checkout that was left": (
        lambda p: [p.session("expired", "unpaid", at=9, has_intent=False)],
        State("expired", 18_000, 0, 0, None),
    ),
    "a bank debit that came in": (
        lambda p: [
            p.session("completed", "unpaid"),
            p.intent("processing", at=1),
            p.session("async_payment_succeeded", "paid", at=90),
        ],
        State("succeeded", 18_000, 0, 0, 18_000),
    ),
    "a bank debit that failed": (
        lambda p: [
            p.session("completed", "unpaid"),
            p.intent("processing", at=1),
            p.session("async_payment_failed", "unpaid", at=90),
            p.intent("payment_failed", at=90),
        ],
        State("failed", 18_000, 0, 0, None),
    ),
    "a card that was declined, and one that was not": (
        lambda p: [p.intent("payment_failed"), p.charge("failed", at=0, captured=0), *_paid(p)],
        State("succeeded", 18_000, 0, 0, 18_000),
    ),
}


def _in_another_order(events: Sequence[NewEvent], source: Random) -> list[NewEvent]:
    """Return the events in another order of arrival, some twice."""
    shuffled = [*events, *source.sample(list(events), k=len(events) // 2)]
    source.shuffle(shuffled)
    return shuffled


def _with_times_dealt_anew(events: Sequence[NewEvent], source: Random) -> list[NewEvent]:
    """Return the events with their times given to one another: a second is too coarse to order them by.

    But that who is paying after a failure tries again: of these two the time says which is the newer.
    """
    times = [event.occurred_at for event in events]
    while True:
        source.shuffle(times)
        dealt = [replace(event, occurred_at=time) for event, time in zip(events, times, strict=True)]
        if not _is_tried_again(dealt):
            return dealt


def _is_tried_again(events: Sequence[NewEvent]) -> bool:
    failures = [event.occurred_at for event in events if event.type.endswith(("failed", "declined"))]
    attempts = [event.occurred_at for event in events if event.type.endswith(("processing", "session.completed"))]
    return any(attempt > failure for failure in failures for attempt in attempts)


@pytest.fixture(scope="module")
def told(homes: HomeFactory) -> Home:
    """Return a home that was told each story in its order and in many others, in a dozen batches."""
    source = Random(14)
    events: list[NewEvent] = []
    for number, (story, _) in enumerate(STORIES.values()):
        events += story(StripePayment(name=f"{number}_told"))
        for order in range(ORDERS):
            events += _in_another_order(story(StripePayment(name=f"{number}_order{order}")), source)
            times = _with_times_dealt_anew(story(StripePayment(name=f"{number}_times{order}")), source)
            events += _in_another_order(times, source)
    home = homes.new_home()
    size = len(events) // 12 + 1
    home.follow_in_batches([events[at : at + size] for at in range(0, len(events), size)])
    return home


@pytest.mark.parametrize(("number", "name"), list(enumerate(STORIES)))
def test_a_payment_is_what_its_objects_have_come_to(told: Home, number: int, name: str) -> None:
    rows = told.query(
        "select payment_id, status, amount_minor, refunded_minor, lost_minor, net_minor from marts.fct_payments"
        f" where regexp_matches(payment_id, '^.._{number}_')"
    )
    states = {str(payment_id): State(*state) for payment_id, *state in rows}  # type: ignore[arg-type]
    expected = STORIES[name][1]
    assert len(states) == 1 + 2 * ORDERS
    assert {payment: state for payment, state in states.items() if state != expected} == {}


def test_the_changes_of_a_payment_add_up_to_it(told: Home) -> None:
    wrong = """
        with summed as (
            select
                payment_key,
                sum(received_change_minor) as received,
                sum(refunded_change_minor) as refunded,
                sum(lost_change_minor) as lost
            from marts.fct_payment_changes
            group by payment_key
        )

        select payment_id, received, refunded, lost, net_minor
        from summed
        inner join marts.fct_payments using (payment_key)
        where
            received - refunded - lost <> coalesce(net_minor, 0)
            or (succeeded_at is not null and (refunded <> refunded_minor or lost <> lost_minor))
    """
    assert told.query(wrong) == []


def test_what_is_built_anew_is_the_same(told: Home) -> None:
    payments = "from marts.fct_payments order by all"
    changes = "from marts.fct_payment_changes order by all"
    before = told.query(payments), told.query(changes)
    told.modeller().rebuild(with_tests=False)
    assert (told.query(payments), told.query(changes)) == before
