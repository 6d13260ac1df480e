"""Every question the dashboard asks about one contact: warmness, stages, what is next, journey, past moments.

As in queries.py: every function needs the tenant it is about; timestamps are aware UTC, what is missing is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from dashboard.frame.analytics_file import AnalyticsFile


def find_warmness(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return the contact's score now with its components, one row each: score, weights_version, component, points,
    count_facts, last_at; no row if nothing counts yet.
    """
    sql = """
    SELECT score, weights_version, part['component'] AS component, part['points'] AS points,
        part['count_facts'] AS count_facts, part['last_at'] AS last_at
    FROM (
        SELECT score, weights_version, unnest(components) AS part
        FROM reports.rpt_contact_warmness
        WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    )
    ORDER BY abs(points) DESC, component
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_opt_outs(file: AnalyticsFile, *, tenant_id: str, contact_ids: Sequence[str]) -> pd.DataFrame:
    """Return which of these contacts may not be written to: contact_id, channel, changed_at, evidence."""
    sql = """
    SELECT contact_id, channel, opted_out_at AS changed_at, evidence
    FROM reports.rpt_contact_opt_outs
    WHERE tenant_id = $tenant_id AND contact_id = any($contact_ids::VARCHAR[])
    ORDER BY contact_id, opted_out_at DESC, channel
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_ids=list(contact_ids))


def find_next_action(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return what should be done next about the contact: action, action_source (task or stage), reason; or no row."""
    sql = """
    SELECT action, action_source, reason
    FROM reports.rpt_next_actions
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_stages_of_contact(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return where the contact and its bookings stand: pipeline_name, stage_name, is_won, is_lost, entered_at, ..."""
    sql = """
    SELECT subject, booking_id, pipeline_name, stage_name, is_won, is_lost, entered_at
    FROM marts.dim_contact_stages
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY subject DESC, entered_at DESC
    LIMIT 20
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_stage_history(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return every visit to a stage of the contact and its bookings, newest first, with the file's names."""
    sql = """
    SELECT visit.subject, visit.booking_id, coalesce(stage.pipeline_name, visit.pipeline) AS pipeline_name,
        coalesce(stage.stage_name, visit.stage) AS stage_name, visit.entered_at, visit.left_at, visit.is_backwards,
        visit.cause_type, visit.changed_by
    FROM marts.fct_stage_history AS visit
    LEFT JOIN marts.dim_stages AS stage
        ON stage.tenant_id = visit.tenant_id AND stage.pipeline = visit.pipeline AND stage.stage = visit.stage
    WHERE visit.tenant_id = $tenant_id AND visit.contact_id = $contact_id
    ORDER BY visit.entered_at DESC, visit.move_number DESC
    LIMIT 100
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_conversions_of_contact(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return the contact's conversions, newest first, as in fct_conversions."""
    sql = """
    SELECT conversion_key, conversion_type, conversion_number, converted_at, revenue_minor, currency
    FROM marts.fct_conversions
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY converted_at DESC, conversion_key
    LIMIT 20
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_journey(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return the contact's touches, newest first, each with the conversion it led to (None: to none yet)."""
    sql = """
    SELECT conversion_key, touchpoint_key, channel, campaign, occurred_at, converted_at
    FROM marts.fct_journey_touches
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ORDER BY occurred_at DESC, count_touches_after, touchpoint_key
    LIMIT 200
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def fetch_credits(file: AnalyticsFile, *, tenant_id: str, contact_id: str) -> pd.DataFrame:
    """Return what each touch of the contact is credited, without a limit to the lookback: conversion_key,
    touchpoint_key, model, credit (share of the conversion), revenue_minor.
    """
    sql = """
    SELECT conversion_key, touchpoint_key, model, credit, revenue_minor
    FROM marts.fct_attribution_credits
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id AND lookback_days IS NULL
        AND touchpoint_key IS NOT NULL
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id)


def find_at(
    file: AnalyticsFile, *, tenant_id: str, contact_id: str, at: datetime, known_at: datetime | None
) -> pd.DataFrame:
    """Return the contact as of an instant, one row or none: what had happened by then, of what `known_at` knew.

    None is now: as it was then, with what is known since. Columns: first_seen_at, last_seen_at, last_type,
    count_bookings, count_bookings_completed, count_messages, amount_paid_minor, score, stages (text).
    """
    sql = """
    SELECT contact.first_seen_at, contact.last_seen_at, contact.last_type, contact.count_bookings,
        contact.count_bookings_completed, contact.count_messages, contact.amount_paid_minor, warmness.score,
        stages.stages
    FROM marts.contact_at($at::TIMESTAMPTZ, known_at := $known_at::TIMESTAMPTZ) AS contact
    LEFT JOIN (
        SELECT score
        FROM marts.warmness_at($at::TIMESTAMPTZ, known_at := $known_at::TIMESTAMPTZ)
        WHERE tenant_id = $tenant_id AND contact_id = $contact_id
    ) AS warmness ON true
    LEFT JOIN (
        SELECT string_agg(coalesce(stage.stage_name, place.stage), ', ' ORDER BY place.entered_at DESC) AS stages
        FROM marts.contact_stage_at(
            $at::TIMESTAMPTZ, known_at := $known_at::TIMESTAMPTZ, of_contact := $contact_id
        ) AS place
        LEFT JOIN marts.dim_stages AS stage
            ON stage.tenant_id = $tenant_id AND stage.pipeline = place.pipeline AND stage.stage = place.stage
        WHERE place.tenant_id = $tenant_id
    ) AS stages ON true
    WHERE contact.tenant_id = $tenant_id AND contact.contact_id = $contact_id
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id, at=at, known_at=known_at or "infinity")


def fetch_late_events(file: AnalyticsFile, *, tenant_id: str, contact_id: str, at: datetime) -> pd.DataFrame:
    """Return what had happened by an instant and reached us only after it, newest first."""
    sql = """
    SELECT occurred_at, received_at, source, title
    FROM marts.fct_timeline
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id AND occurred_at <= $at AND received_at > $at
    ORDER BY occurred_at DESC, timeline_key
    LIMIT 50
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id, at=at)
