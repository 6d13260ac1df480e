"""Answers why and why not for one home."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.published import reader as published
from frontdesk.core.published.errors import UnknownRuleError
from frontdesk.domains.rules.explanations.shapes import AbsenceExplanation, CommandExplanation
from frontdesk.domains.rules.explanations.why import WhyQuestion, explain_why
from frontdesk.domains.rules.explanations.why_not import WhyNotQuestion, explain_why_not
from frontdesk.domains.rules.settings import RuledBusiness
from frontdesk.domains.rules.vocabulary import suggest
from frontdesk.domains.sending.outbox.outbox import OutboxReader


class Explainer:
    """Reads the published file, the outbox and the log; writes nothing. Safe to use from several threads.

    Its answers raise NothingPublishedError, EventLogUnavailableError or OutboxUnavailableError if one of them
    can't be read now.
    """

    def __init__(
        self,
        analytics_path: Path,
        *,
        outbox: OutboxReader,
        log: EventLog,
        tenants: Mapping[str, RuledBusiness],
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._analytics_path = analytics_path
        self._outbox = outbox
        self._log = log
        self._tenants = tenants

    def explain_command(self, command_key: str, *, tenant_id: str | None = None) -> CommandExplanation:
        """Return everything that is known of one command, of one tenant or of any.

        Raises UnknownCommandError, which suggests keys, if that tenant has none of this key.
        """
        with published.opened(self._analytics_path) as file:
            question = WhyQuestion(
                published=file,
                outbox=self._outbox,
                log=self._log,
                tenants=self._tenants,
                tenant_id=tenant_id,
                now=self._clock.now(),
            )
            return explain_why(question, command_key)

    def explain_absence(self, tenant_id: str, *, rule_id: str, contact: str) -> AbsenceExplanation:
        """Return why a rule did not act for a contact: an id, phone number, e-mail address or name.

        Raises UnknownRuleError, UnknownContactError or AmbiguousContactError, which say what to ask instead.
        """
        tenant = self._tenants[tenant_id]
        rule = next((each for each in tenant.rules if each.id == rule_id), None)
        if rule is None:
            known = tuple(each.id for each in tenant.rules)
            remedy = suggest(rule_id, known) if known else "it has none at all"
            raise UnknownRuleError(f"{tenant_id} has no rule {rule_id}; {remedy}")
        with published.opened(self._analytics_path) as file:
            question = WhyNotQuestion(published=file, outbox=self._outbox, log=self._log, tenant=tenant, rule=rule)
            return explain_why_not(question, contact)
