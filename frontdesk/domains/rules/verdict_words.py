"""Why a rule did nothing, and what a condition asks, in words: the command line, /v1 and the pages say the same."""

from __future__ import annotations

from typing import Final

#: By the reason of a decision, as it reads after "because" or a colon.
REASONS: Final = {
    "moved": "the booking was moved since",
    "started": "the booking had begun when it was due",
    "undone": "what caused it was undone or replaced",
    "booking_state": "the booking was cancelled or finished",
    "happened": "it is no longer needed",
    "condition": "a condition of the rule did not hold when it was due",
    "no_address": "no phone number or e-mail address of the contact was known",
    "opted_out": "the contact opted out",
    "no_consent": "the contact has not agreed to marketing by this channel",
    "no_sender": "the business's file has no way to send this (key delivery)",
    "done_before": "the rule acts once per contact, and it already did under an earlier id of the contact",
}
#: By the operator of a condition, between its field and what is expected.
OPERATORS: Final = {
    "equals": "is",
    "not_equals": "is not",
    "one_of": "is one of",
    "none_of": "is none of",
    "contains": "contains",
    "greater_than": "is more than",
    "at_least": "is at least",
    "less_than": "is less than",
    "at_most": "is at most",
    "is_set": "is known",
    "is_not_set": "is not known",
}
