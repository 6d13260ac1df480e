"""Templates that every tenant has; one of the same id in the tenant's file takes its place."""

from __future__ import annotations

from core.automation.templates import EmailTemplate, Templates

_HELLO = 'Hi {{ contact.first_name | default("there") }}'
_WHAT = '{{ booking.service_name | default("appointment") }}'
_WHEN = "{{ booking.starts_at | date }} at {{ booking.starts_at | time }}"
#: The moment of reading says whether that is today, and how long it is till then: a text can go out late.
_DAY = "{{ booking.starts_at | day }}"
_LEFT = "{{ booking.starts_at | until }}"
_FOR_WHEN = f"{{% if booking.starts_at %}} for {_WHEN}{{% endif %}}"
_SINCE = "{{ fact.occurred_at | date }}"
_AMOUNT = '{{ fact.amount_minor | money(fact.currency) | default("a payment") }}'
_BUSINESS = "{{ business.name }}"

DEFAULT_TEMPLATES = Templates(
    sms={
        "booking_confirmation": f"{_HELLO}, your {_WHAT} with {_BUSINESS} is booked{_FOR_WHEN}.",
        "reminder_48h": f"{_BUSINESS}: a reminder of your {_WHAT} on {_WHEN}.",
        "reminder_24h": f"{_BUSINESS}: see you {_DAY} at {{{{ booking.starts_at | time }}}} for your {_WHAT}.",
        "reminder_2h": f"{_BUSINESS}: your {_WHAT} is {_DAY} at {{{{ booking.starts_at | time }}}}, {_LEFT}.",
        "on_the_way": f"{_HELLO}, {_BUSINESS} is on the way to you now.",
        "payment_reminder_7d": f"{_BUSINESS}: {_AMOUNT} is still open. Questions? Just reply.",
        "payment_reminder_14d": f"{_BUSINESS}: {_AMOUNT} is open since {_SINCE}. Please pay it, or reply to us.",
    },
    email={
        "booking_confirmation": EmailTemplate(
            subject=f"Your booking with {_BUSINESS}",
            text=f"{_HELLO},\n\nyour {_WHAT} is booked{_FOR_WHEN}.\n\n{_BUSINESS}\n",
        ),
    },
)
