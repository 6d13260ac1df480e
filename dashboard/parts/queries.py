"""Every question the dashboard asks of the published file.

Every function needs the tenant (or the tenants) it is about; without one there are no rows. Timestamps come back as
aware UTC, amounts as whole minor units, and what is missing as None.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from dashboard.frame.analytics_file import AnalyticsFile

_PHONE_QUERY = re.compile(r"^[\d\s()+./-]{3,}$")
_MAX_SEARCH_WORDS = 6


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Return the rows, their columns as attributes."""
    return list(frame.itertuples(index=False))


def fetch_tenants(file: AnalyticsFile) -> pd.DataFrame:
    """Return the businesses to choose from, by name: tenant_id, name, zone, currency."""
    return file.fetch("SELECT tenant_id, name, zone, currency FROM marts.dim_tenants ORDER BY name, tenant_id")


def fetch_freshness(file: AnalyticsFile) -> pd.DataFrame:
    """Return one row: modelled_sequence, log_sequence, last_received_at, published_at."""
    sql = "SELECT modelled_sequence, log_sequence, last_received_at, published_at FROM reports.rpt_freshness"
    return file.fetch(sql)


def fetch_source_health(file: AnalyticsFile, *, tenant_ids: Sequence[str]) -> pd.DataFrame:
    """Return one row per tenant and source, silence computed at this moment by the view."""
    sql = """
    SELECT tenant_id, source, is_configured, count_events, count_unknown_type_events, last_event_at,
        last_received_at, events_today, events_last_7d, usual_gap_seconds, silent_seconds, is_silent,
        count_rejections_7d, last_rejected_at, last_rejection_reason
    FROM reports.rpt_source_health
    WHERE tenant_id IN $tenant_ids
    ORDER BY tenant_id, is_configured DESC, source
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids))


def fetch_unknown_types(file: AnalyticsFile, *, tenant_ids: Sequence[str], limit: int = 100) -> pd.DataFrame:
    """Return types no model knows, most frequent first: tenant_id, source, type, count_events, last_received_at."""
    sql = """
    SELECT tenant_id, source, type, count_events, last_received_at
    FROM reports.rpt_unknown_types
    WHERE tenant_id IN $tenant_ids
    ORDER BY count_events DESC, tenant_id, source, type
    LIMIT $limit
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids), limit=limit)


def fetch_quarantined(file: AnalyticsFile, *, tenant_ids: Sequence[str]) -> pd.DataFrame:
    """Return tenant_id, source, count_events, last_quarantined_at, type, error: events that no model could digest.

    Type and error are the newest one's.
    """
    sql = """
    SELECT tenant_id, source, count(*) AS count_events, max(quarantined_at) AS last_quarantined_at,
        arg_max(type, sequence) AS type, arg_max(error, sequence) AS error
    FROM marts.fct_quarantined_events
    WHERE tenant_id IN $tenant_ids
    GROUP BY tenant_id, source
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids))


def fetch_set_aside(file: AnalyticsFile, *, tenant_ids: Sequence[str], limit: int = 50) -> pd.DataFrame:
    """Return tenant_id, kind, subject, step, reason, set_aside_at of what is set aside now, the newest first.

    Events are told with their source: fetch_quarantined. What is no business's, such as a table, is for everybody,
    but not its reason: an error of the database can quote another business's values.
    """
    sql = """
    SELECT tenant_id, kind, if(tenant_id IS NOT NULL OR kind = 'table', subject, NULL) AS subject, step,
        if(tenant_id IS NOT NULL, reason, NULL) AS reason, set_aside_at
    FROM marts.fct_set_aside
    WHERE is_set_aside AND kind <> 'event' AND (tenant_id IS NULL OR tenant_id IN $tenant_ids)
    ORDER BY set_aside_at DESC, kind, subject
    LIMIT $limit
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids), limit=limit)


def fetch_odd_money(file: AnalyticsFile, *, tenant_ids: Sequence[str], limit: int = 100) -> pd.DataFrame:
    """Return tenant_id, problem, contact_id, source, entity_id, title, detail, amount_minor, currency, occurred_at,
    and count_all, how many there are in all, of money that a person should look at, the newest first.
    """
    sql = """
    SELECT tenant_id, problem, contact_id, source, entity_id, title, detail, amount_minor, currency, occurred_at,
        count(*) OVER () AS count_all
    FROM reports.rpt_odd_money
    WHERE tenant_id IN $tenant_ids
    ORDER BY occurred_at DESC, problem, entity_id
    LIMIT $limit
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids), limit=limit)


def fetch_unread_times(file: AnalyticsFile, *, tenant_ids: Sequence[str], limit: int = 100) -> pd.DataFrame:
    """Return tenant_id, problem, told, contact_id, source, title, entity_id, occurred_at, and count_all, how many
    there are in all, of times that place nothing, the newest first.
    """
    sql = """
    SELECT tenant_id, problem, told, contact_id, source, title, entity_id, occurred_at, count(*) OVER () AS count_all
    FROM reports.rpt_unread_times
    WHERE tenant_id IN $tenant_ids
    ORDER BY occurred_at DESC, problem, entity_id
    LIMIT $limit
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids), limit=limit)


def fetch_events_per_day(file: AnalyticsFile, *, tenant_ids: Sequence[str], since: date) -> pd.DataFrame:
    """Return activity_date, source, count_events since a day, that day included."""
    sql = """
    SELECT activity_date, source, sum(count_events)::BIGINT AS count_events
    FROM marts.fct_source_activity
    WHERE tenant_id IN $tenant_ids AND activity_date >= $since
    GROUP BY ALL
    ORDER BY activity_date, source
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids), since=since)


def search_contacts(file: AnalyticsFile, *, tenant_id: str, text: str, limit: int) -> pd.DataFrame:
    """Return at most `limit` contacts, last seen first: all of them, or those that match every word of the text.

    Words are looked for in names, company, e-mail and guests' names, whatever case or accents; digits in phones,
    however they are written; and the whole text in every identifier. 100,000 contacts take about 100 ms.
    """
    words = text.split()[:_MAX_SEARCH_WORDS]
    identifier = " ".join(words) or None
    if _PHONE_QUERY.match(text.strip()) and (digits := re.sub(r"\D", "", text).lstrip("0")):
        # Without its trunk zero a number as dialled (0412 345 678) is the end of the stored one (+61412345678).
        words, identifier = [], digits
    sql = """
    SELECT contact_id, display_name, company, phone, email, is_identified, count_bookings, amount_paid_minor,
        currency, last_seen_at
    FROM (
        SELECT *, lower(strip_accents(concat_ws(' ', display_name, first_name, last_name, company, email))) AS names
        FROM marts.dim_contacts
        WHERE tenant_id = $tenant_id
    )
    WHERE $identifier IS NULL
        OR len($words::VARCHAR[]) > 0 AND list_bool_and(
            list_transform($words::VARCHAR[], lambda word: contains(names, lower(strip_accents(word))))
        )
        OR len($words::VARCHAR[]) > 0 AND contact_id IN (
            SELECT contact_id
            FROM marts.fct_bookings
            WHERE tenant_id = $tenant_id AND list_bool_and(
                list_transform(
                    $words::VARCHAR[],
                    lambda word: contains(lower(strip_accents(guest_name)), lower(strip_accents(word)))
                )
            )
        )
        OR contains(phone, $identifier)
        OR contact_id IN (
            SELECT contact_id
            FROM marts.bdg_contact_identifiers
            WHERE tenant_id = $tenant_id AND contains(lower(identifier_value), lower($identifier))
        )
    ORDER BY last_seen_at DESC NULLS LAST, contact_id
    LIMIT $limit
    """
    return file.fetch(sql, tenant_id=tenant_id, words=words, identifier=identifier, limit=limit)


def find_contact(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return the contact's one row, or none if this tenant has no such contact."""
    sql = "SELECT * FROM marts.dim_contacts WHERE tenant_id = $tenant_id AND contact_id = $contact_id"
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_identifiers(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return what identifies the contact, with the evidence: use, count_events, first event, its time and source."""
    sql = """
    SELECT identifier_kind, identifier_value, identifier_use, count_events, first_observed_at, first_event_id,
        first_source
    FROM marts.bdg_contact_identifiers
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY identifier_use = 'strong' DESC, identifier_kind, first_observed_at, identifier_value
    LIMIT 200
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_conflicts(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return the identity conflicts the contact is part of: both people, what they share, what staff decided.

    The open ones come first; those of the same two people follow one another.
    """
    sql = """
    WITH conflicts AS (
        SELECT *, contact_id_a = $contact_id AS is_a
        FROM marts.fct_identity_conflicts
        WHERE tenant_id = $tenant_id AND $contact_id IN (contact_id_a, contact_id_b)
    )
    SELECT shared_identifier_kind, shared_identifier_value, status, decided_by, decided_at, decision_event_id,
        if(is_a, strong_identifier_kind_a, strong_identifier_kind_b) AS own_identifier_kind,
        if(is_a, strong_identifier_a, strong_identifier_b) AS own_identifier,
        if(is_a, strong_identifier_kind_b, strong_identifier_kind_a) AS other_identifier_kind,
        if(is_a, strong_identifier_b, strong_identifier_a) AS other_identifier,
        own.display_name AS own_display_name, other.contact_id AS other_contact_id,
        other.display_name AS other_display_name
    FROM conflicts
    LEFT JOIN marts.dim_contacts AS own ON own.tenant_id = $tenant_id AND own.contact_id = $contact_id
    LEFT JOIN marts.dim_contacts AS other
        ON other.tenant_id = $tenant_id AND other.contact_id = if(is_a, contact_id_b, contact_id_a)
    ORDER BY status <> 'open', own_identifier, other_identifier, conflicts.first_observed_at DESC, conflict_id
    LIMIT 50
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_shared_identifiers(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return what of the contact many people name: identifier_kind, identifier_value, count_names, names."""
    sql = """
    SELECT identifier_kind, identifier_value, count_names, names
    FROM marts.fct_shared_identifiers
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY count_names DESC, identifier_value
    LIMIT 20
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_bookings(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return the contact's bookings, latest start first."""
    sql = """
    SELECT source, guest_name, service_name, status, starts_at, coalesce(is_all_day, false) AS is_all_day,
        price_minor, currency, staff_name, location, payment_status, count_reschedules
    FROM marts.fct_bookings
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY starts_at DESC NULLS LAST, booking_key
    LIMIT 200
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_payments(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return the contact's payments, last changed first."""
    sql = """
    SELECT source, status, amount_minor, refunded_minor, currency, method, failure_reason, last_changed_at
    FROM marts.fct_payments
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY last_changed_at DESC, payment_key
    LIMIT 200
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_consents(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return every change of the contact's consent, last first."""
    sql = """
    SELECT channel, purpose, address, is_granted, evidence, changed_at
    FROM marts.fct_consents
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY changed_at DESC, channel, purpose
    LIMIT 200
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_timeline(file: AnalyticsFile, *, tenant_id: str, contact_id: str, limit: int) -> pd.DataFrame:
    """Return at most `limit` things that happened to the contact, newest first."""
    sql = """
    SELECT timeline_key, occurred_at, source, type, title, detail, amount_minor, currency, event_id
    FROM marts.fct_timeline
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY occurred_at DESC, timeline_key
    LIMIT $limit
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id, limit=limit)


def fetch_activity(
    file: AnalyticsFile, *, tenant_ids: Sequence[str], types: Sequence[str], limit: int
) -> pd.DataFrame:
    """Return at most `limit` things that happened, newest first, of the given types (of every type if none)."""
    sql = """
    WITH newest AS (
        SELECT tenant_id, timeline_key, contact_id, occurred_at, source, type, title, detail, amount_minor, currency
        FROM marts.fct_timeline
        WHERE tenant_id IN $tenant_ids AND (len($types::VARCHAR[]) = 0 OR type = any($types::VARCHAR[]))
        ORDER BY occurred_at DESC, timeline_key
        LIMIT $limit
    )
    SELECT newest.*, contact.display_name
    FROM newest
    LEFT JOIN marts.dim_contacts AS contact USING (tenant_id, contact_id)
    ORDER BY newest.occurred_at DESC, newest.timeline_key
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids), types=list(types), limit=limit)


def fetch_activity_types(file: AnalyticsFile, *, tenant_ids: Sequence[str]) -> list[str]:
    """Return the types that occur, by name."""
    sql = "SELECT DISTINCT type FROM marts.fct_timeline WHERE tenant_id IN $tenant_ids ORDER BY type"
    frame = file.fetch(sql, tenant_ids=list(tenant_ids))
    return [str(name) for name in frame["type"]]
