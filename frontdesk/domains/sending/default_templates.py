"""Templates that every tenant has; one of the same id in the tenant's file takes its place."""

from __future__ import annotations

from frontdesk.domains.sending.templates import EmailTemplate, Templates

#: Who comes, not who owns the phone: a mother books for her children.
_HELLO_GUEST = 'Hi {{ booking.guest_first_name | default(contact.first_name) | default("there") }}'
_GUEST = (
    "{% if booking.guest_first_name %}{{ booking.guest_first_name }}, "
    "{% elif contact.first_name %}{{ contact.first_name }}, {% endif %}"
)
_WHAT = '{{ booking.service_name | default("appointment") }}'
_WHEN = "{{ booking.starts_at | date }} at {{ booking.starts_at | time }}"
#: The moment of reading says whether that is today, and how long it is till then: a text can go out late.
_DAY = "{{ booking.starts_at | day }}"
_TIME = "{{ booking.starts_at | time }}"
_LEFT = "{{ booking.starts_at | until }}"
_FOR_WHEN = f"{{% if booking.starts_at %}} for {_WHEN}{{% endif %}}"
_SINCE = "{{ fact.occurred_at | date }}"
_AMOUNT = '{{ fact.amount_minor | money(fact.currency) | default("a payment") }}'
_BUSINESS = "{{ business.name }}"

DEFAULT_TEMPLATES = Templates(
    sms={
        "booking_confirmation": f"{_HELLO_GUEST}, your {_WHAT} with {_BUSINESS} is booked{_FOR_WHEN}.",
        "reminder_48h": f"{_BUSINESS}: {_GUEST}a reminder of your {_WHAT} on {_WHEN}.",
        "reminder_24h": f"{_BUSINESS}: {_GUEST}see you {_DAY} at {_TIME} for your {_WHAT}.",
        "reminder_2h": f"{_BUSINESS}: {_GUEST}your {_WHAT} is {_DAY} at {_TIME}, {_LEFT}.",
        "on_the_way": f"{_HELLO_GUEST}, {_BUSINESS} is on the way to you now.",
        "did_you_mean_cancel": (
            f"{_BUSINESS}: you wrote CANCEL. Do you want to cancel your appointment? Reply YES and we take care of "
            "it, or STOP to get no more texts from us."
        ),
        "payment_reminder_7d": f"{_BUSINESS}: {_AMOUNT} is still open. Questions? Just reply.",
        "payment_reminder_14d": f"{_BUSINESS}: {_AMOUNT} is open since {_SINCE}. Please pay it, or reply to us.",
    },
    email={
        "booking_confirmation": EmailTemplate(
            subject=f"Your booking with {_BUSINESS}",
            text=f"{_HELLO_GUEST},\n\nyour {_WHAT} is booked{_FOR_WHEN}.\n\n{_BUSINESS}\n",
        ),
    },
)
