"""Rules in a business's file."""

from __future__ import annotations

from frontdesk.domains.rules.rule import Rule
from frontdesk.domains.sending.business import SendingBusiness


class RuledBusiness(SendingBusiness):
    """A business with the rules that it goes by."""

    rules: tuple[Rule, ...] = ()
