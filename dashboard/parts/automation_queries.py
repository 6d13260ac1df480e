"""Every question the dashboard asks of the published file about messages, commands and rules.

As in queries.py: every function needs the tenant it is about; timestamps are aware UTC, what is missing is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd

from dashboard.frame.analytics_file import AnalyticsFile


def fetch_conversations(
    file: AnalyticsFile, *, tenant_id: str, text: str, only_open: bool, settled: Sequence[str], limit: int
) -> pd.DataFrame:
    """Return one row per contact who was written to or wrote, newest first, with the last message.

    `text` is looked for in name, phone and e-mail address; `only_open`: only what needs a reply. `settled` are ids of
    messages that need none, as far as it is not published yet. `count_conversations` is how many there are in all.
    """
    sql = """
    SELECT contact_id, last_channel, last_direction, last_body, last_message_at, contact.display_name, contact.phone,
        contact.email, needs_reply AND NOT list_contains($settled::VARCHAR[], last_question_id) AS is_open,
        count(*) OVER () AS count_conversations
    FROM reports.rpt_conversations AS conversation
    INNER JOIN marts.dim_contacts AS contact USING (tenant_id, contact_id)
    WHERE tenant_id = $tenant_id
        AND (NOT $only_open OR needs_reply AND NOT list_contains($settled::VARCHAR[], last_question_id))
        AND contains(
            lower(strip_accents(concat_ws(' ', contact.display_name, contact.phone, contact.email))),
            lower(strip_accents($text))
        )
    ORDER BY last_message_at DESC, contact_id
    LIMIT $limit
    """
    return file.fetch(
        sql, tenant_id=tenant_id, text=text.strip(), only_open=only_open, settled=list(settled), limit=limit
    )


def find_open_question(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> str | None:
    """Return the id of the message that needs a reply, None if none does."""
    sql = """
    SELECT last_question_id
    FROM reports.rpt_conversations
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id AND needs_reply
    """
    found = file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)
    return None if found.empty else str(found["last_question_id"][0])


def count_open_conversations(file: AnalyticsFile, *, tenant_ids: Sequence[str], settled: Sequence[str]) -> int:
    """Return in how many conversations somebody has yet to reply."""
    sql = """
    SELECT count(*) AS count_open
    FROM reports.rpt_conversations
    WHERE tenant_id IN $tenant_ids AND needs_reply AND NOT list_contains($settled::VARCHAR[], last_question_id)
    """
    return int(file.fetch(sql, tenant_ids=list(tenant_ids), settled=list(settled))["count_open"][0])


def fetch_thread(file: AnalyticsFile, *, tenant_id: str, contact_id: str, limit: int) -> pd.DataFrame:
    """Return the contact's newest messages, oldest of them first, each of ours with the command that sent it."""
    sql = """
    SELECT message_key, message.message_id, channel, direction, status, body, message.error_code, opt_out_type,
        attachments, attachments_event_id, created_at, outcome.command_key, outcome.rule_id
    FROM marts.fct_messages AS message
    LEFT JOIN marts.fct_command_outcomes AS outcome
        ON outcome.tenant_id = message.tenant_id AND outcome.message_id = message.message_id
    WHERE message.tenant_id = $tenant_id AND message.contact_id = $contact_id AND channel <> 'call'
    ORDER BY created_at DESC, message_key
    LIMIT $limit
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id, limit=limit).iloc[::-1]


def fetch_unsent(file: AnalyticsFile, *, tenant_id: str, contact_id: str, now: datetime) -> pd.DataFrame:
    """Return texts and e-mails to the contact that no message shows yet, by the time they are due.

    What waits, what a guard or the provider refused, and what staff asked for and the rules refuse.
    """
    sql = """
    SELECT decision.command_key, decision.rule_id, decision.channel, verdict, decision.reason, reason_detail, due_at,
        template, payload, outcome.outcome, outcome.reason AS outcome_reason,
        coalesce(outcome.failed_at, suppressed_at, uncertain_at, done_at, due_at) AS stands_since
    FROM marts.fct_decisions AS decision
    LEFT JOIN marts.fct_command_outcomes AS outcome
        ON outcome.tenant_id = decision.tenant_id AND outcome.command_key = decision.command_key
    LEFT JOIN marts.fct_messages AS message
        ON message.tenant_id = outcome.tenant_id AND message.message_id = outcome.message_id
    WHERE decision.tenant_id = $tenant_id AND decision.contact_id = $contact_id
        AND decision.command_type IN ('send_sms', 'send_email')
        AND message.message_key IS NULL
        AND (verdict = 'intended' AND (outcome.outcome IS NOT NULL OR stopped_by IS NULL AND expires_at > $now)
            OR verdict = 'refused' AND decision.rule_id = 'manual')
    ORDER BY due_at, decision.command_key
    LIMIT 100
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id, now=now)


def fetch_contact_names(file: AnalyticsFile, *, tenant_id: str, contact_ids: Sequence[str]) -> dict[str, str]:
    """Return the names of these contacts, by id."""
    sql = """
    SELECT contact_id, display_name
    FROM marts.dim_contacts
    WHERE tenant_id = $tenant_id AND contact_id = any($contact_ids::VARCHAR[])
    """
    frame = file.fetch(sql, tenant_id=tenant_id, contact_ids=list(contact_ids))
    return dict(zip(frame["contact_id"], frame["display_name"], strict=True))


def fetch_due(file: AnalyticsFile, *, tenant_id: str, since: datetime, until: datetime) -> pd.DataFrame:
    """Return due_hour, channel, count_commands: what is intended and not done in [since, until)."""
    sql = """
    SELECT date_trunc('hour', due_at) AS due_hour, channel, count(*) AS count_commands
    FROM marts.fct_decisions AS decision
    LEFT JOIN marts.fct_command_outcomes AS outcome USING (tenant_id, command_key)
    WHERE tenant_id = $tenant_id AND verdict = 'intended' AND stopped_by IS NULL AND channel <> 'sync'
        AND outcome.outcome IS NULL AND due_at >= $since AND due_at < $until
    GROUP BY ALL
    ORDER BY due_hour, channel
    """
    return file.fetch(sql, tenant_id=tenant_id, since=since, until=until)


def fetch_commands(file: AnalyticsFile, *, tenant_id: str, now: datetime, limit: int) -> pd.DataFrame:
    """Return the commands that are due next, then those that were due last; `outcome` is None if none is known."""
    sql = """
    SELECT decision.command_key, decision.rule_id, decision.command_type, channel, decision.contact_id, due_at,
        outcome.outcome
    FROM marts.fct_decisions AS decision
    LEFT JOIN marts.fct_command_outcomes AS outcome
        ON outcome.tenant_id = decision.tenant_id AND outcome.command_key = decision.command_key
    WHERE decision.tenant_id = $tenant_id AND verdict = 'intended' AND channel <> 'sync'
        AND (outcome.outcome IS NOT NULL OR stopped_by IS NULL AND expires_at > $now)
    ORDER BY outcome.outcome IS NULL DESC, abs(epoch(due_at) - epoch($now::TIMESTAMPTZ)), decision.command_key
    LIMIT $limit
    """
    return file.fetch(sql, tenant_id=tenant_id, now=now, limit=limit)


def find_decision(file: AnalyticsFile, *, tenant_id: str, command_key: str) -> pd.DataFrame:
    """Return the one row of a command: what was decided, why, about whom, and what became of it; or none."""
    sql = """
    SELECT decision.*, contact.display_name, outcome.outcome, outcome.reason AS outcome_reason, outcome.done_at,
        outcome.delivered_at, outcome.failed_at, outcome.error_code
    FROM marts.fct_decisions AS decision
    LEFT JOIN marts.dim_contacts AS contact
        ON contact.tenant_id = decision.tenant_id AND contact.contact_id = decision.contact_id
    LEFT JOIN marts.fct_command_outcomes AS outcome
        ON outcome.tenant_id = decision.tenant_id AND outcome.command_key = decision.command_key
    WHERE decision.tenant_id = $tenant_id AND decision.command_key = $command_key
    """
    return file.fetch(sql, tenant_id=tenant_id, command_key=command_key)


def fetch_rules(file: AnalyticsFile, *, tenant_id: str) -> pd.DataFrame:
    """Return the business's rules, by name; what staff ask for by hand is none."""
    sql = "SELECT * FROM marts.dim_rules WHERE tenant_id = $tenant_id AND rule_id <> 'manual' ORDER BY rule_id"
    return file.fetch(sql, tenant_id=tenant_id)


def fetch_rule_activity(file: AnalyticsFile, *, tenant_id: str, since: date, until: date) -> pd.DataFrame:
    """Return what each rule did a day in [since, until): counts by rule_id and due_date (its calendar)."""
    sql = """
    SELECT rule_id, due_date, sum(count_considered)::BIGINT AS count_considered,
        sum(count_done)::BIGINT AS count_done, sum(count_failed)::BIGINT AS count_failed,
        sum(count_suppressed)::BIGINT AS count_suppressed, sum(count_uncertain)::BIGINT AS count_uncertain,
        sum(count_refused)::BIGINT AS count_refused, sum(count_held_out)::BIGINT AS count_held_out,
        sum(count_shadow)::BIGINT AS count_shadow, sum(count_to_do)::BIGINT AS count_to_do
    FROM reports.rpt_rule_activity
    WHERE tenant_id = $tenant_id AND rule_id <> 'manual' AND due_date >= $since AND due_date < $until
    GROUP BY ALL
    ORDER BY due_date, rule_id
    """
    return file.fetch_once(sql, tenant_id=tenant_id, since=since, until=until)


def fetch_refusals(file: AnalyticsFile, *, tenant_id: str, since: datetime, until: datetime) -> pd.DataFrame:
    """Return rule_id, reason, count_refused of what was due in [since, until), most frequent first."""
    sql = """
    SELECT rule_id, reason, count(*) AS count_refused
    FROM marts.fct_decisions
    WHERE tenant_id = $tenant_id AND verdict = 'refused' AND rule_id <> 'manual'
        AND due_at >= $since AND due_at < $until
    GROUP BY ALL
    ORDER BY count_refused DESC, rule_id, reason
    """
    return file.fetch(sql, tenant_id=tenant_id, since=since, until=until)


def fetch_uplift(file: AnalyticsFile, *, tenant_id: str) -> pd.DataFrame:
    """Return one row per rule with a holdout: contacts treated and held out, and how many booked within 14 days."""
    sql = """
    SELECT rule_id, count_treated, count_treated_booked, count_held_out, count_held_out_booked, treated_rate,
        held_out_rate, uplift
    FROM reports.rpt_holdout_uplift
    WHERE tenant_id = $tenant_id
    ORDER BY rule_id
    """
    return file.fetch(sql, tenant_id=tenant_id)


def find_booking_for_texts(file: AnalyticsFile, *, tenant_id: str, contact_id: str, now: datetime) -> pd.DataFrame:
    """Return the one booking that a text by hand is likely about: the next one, else the last one; or none."""
    sql = """
    SELECT *
    FROM marts.fct_bookings
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id AND status NOT IN ('cancelled', 'declined')
    ORDER BY starts_at >= $now DESC NULLS LAST, abs(epoch(starts_at) - epoch($now::TIMESTAMPTZ)), booking_key
    LIMIT 1
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id, now=now)
