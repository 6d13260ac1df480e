"""Every question the dashboard asks of the published file about pipelines: who stands where, and what came of it.

As in queries.py: every function needs the tenant it is about; timestamps are aware UTC, what is missing is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import pandas as pd

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.pages.pipeline.pending_moves import Move

Subject = Literal["contact", "booking"]


def fetch_stages(file: AnalyticsFile, *, tenant_id: str) -> pd.DataFrame:
    """Return the stages of all the business's pipelines in the order of its file, as in dim_stages."""
    sql = """
    SELECT pipeline, pipeline_name, pipeline_of, stage, stage_name, stage_position, is_won, is_lost, next_action
    FROM marts.dim_stages
    WHERE tenant_id = $tenant_id
    ORDER BY stage_position
    """
    return file.fetch(sql, tenant_id=tenant_id)


_BOARD = """
WITH moved AS (
    SELECT unnest($moved_ids::VARCHAR[]) AS subject_id, unnest($moved_pipelines::VARCHAR[]) AS new_pipeline,
        unnest($moved_stages::VARCHAR[]) AS new_stage, unnest($moved_ats::TIMESTAMPTZ[]) AS moved_at
),
standing AS (
    SELECT place.subject_id, place.contact_id, place.booking_id, coalesce(new_pipeline, pipeline) AS pipeline,
        coalesce(new_stage, stage) AS stage, coalesce(moved_at, entered_at) AS entered_at
    FROM marts.dim_contact_stages AS place
    LEFT JOIN moved USING (subject_id)
    WHERE tenant_id = $tenant_id AND subject = $subject
        AND (subject = 'contact' OR place.pipeline = $pipeline)
),
shown AS (
    SELECT *, count(*) OVER (PARTITION BY stage) AS count_in_stage
    FROM standing
    WHERE pipeline = $pipeline
    QUALIFY row_number() OVER (PARTITION BY stage ORDER BY entered_at DESC, subject_id) <= $limit
),
bookings AS (
    SELECT if($subject = 'booking', booking_id, contact_id) AS subject_id, currency, price_minor, starts_at,
        coalesce(is_all_day, false) AS is_all_day
    FROM marts.fct_bookings
    WHERE tenant_id = $tenant_id
        AND ($subject = 'booking' OR status IN ('pending', 'confirmed') AND upcoming_until > now())
),
worth AS (
    SELECT subject_id, currency, sum(price_minor)::BIGINT AS value_minor, min(starts_at) AS starts_at,
        arg_min(is_all_day, starts_at) AS is_all_day
    FROM bookings
    WHERE subject_id IN (SELECT subject_id FROM shown)
    GROUP BY subject_id, currency
    QUALIFY row_number() OVER (
        PARTITION BY subject_id ORDER BY sum(price_minor) DESC NULLS LAST, currency
    ) = 1
)
SELECT shown.*, contact.display_name, contact.phone, contact.email, worth.value_minor, worth.currency,
    worth.starts_at, worth.is_all_day
FROM shown
LEFT JOIN marts.dim_contacts AS contact
    ON contact.tenant_id = $tenant_id AND contact.contact_id = shown.contact_id
LEFT JOIN worth USING (subject_id)
ORDER BY shown.entered_at DESC, shown.subject_id
"""


def fetch_board(
    file: AnalyticsFile, *, tenant_id: str, subject: Subject, pipeline: str, moved: Sequence[Move], limit: int
) -> pd.DataFrame:
    """Return who stands in each stage of a pipeline, who came last first, at most `limit` of each stage.

    `count_in_stage` is how many there are in all. `moved` is what is not published yet: those stand where they were
    moved to. `value_minor` is a booking's price, and of a contact what its bookings to come cost, in `currency`.
    """
    return file.fetch(
        _BOARD,
        tenant_id=tenant_id,
        subject=subject,
        pipeline=pipeline,
        limit=limit,
        moved_ids=[move.subject_id for move in moved],
        moved_pipelines=[move.pipeline for move in moved],
        moved_stages=[move.stage for move in moved],
        moved_ats=[move.asked_at for move in moved],
    )


def fetch_warmness(file: AnalyticsFile, *, tenant_id: str, contact_ids: Sequence[str]) -> dict[str, float]:
    """Return how warm each of the contacts is now, 0 to 100; who has no points yet is not in it."""
    sql = """
    SELECT contact_id, score
    FROM reports.rpt_contact_warmness
    WHERE tenant_id = $tenant_id AND contact_id IN $contact_ids
    """
    frame = file.fetch(sql, tenant_id=tenant_id, contact_ids=list(contact_ids))
    return dict(zip(frame["contact_id"], frame["score"], strict=True))


def fetch_entries(file: AnalyticsFile, *, tenant_id: str, subject_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when each subject came where it stands (UTC), by its newest place, as far as it is published."""
    sql = """
    SELECT subject_id, max(entered_at) AS entered_at
    FROM marts.dim_contact_stages
    WHERE tenant_id = $tenant_id AND subject_id IN $subject_ids
    GROUP BY subject_id
    """
    frame = file.fetch(sql, tenant_id=tenant_id, subject_ids=list(subject_ids))
    return dict(zip(frame["subject_id"], frame["entered_at"], strict=True))


_FUNNEL = """
WITH stages AS (
    SELECT pipeline, stage, stage_name, stage_position, is_won OR is_lost AS is_end
    FROM marts.dim_stages
    WHERE tenant_id = $tenant_id AND pipeline_of = $subject AND ($subject = 'contact' OR pipeline = $pipeline)
),
visits AS (
    SELECT *
    FROM reports.rpt_stage_visits
    WHERE tenant_id = $tenant_id AND subject = $subject AND entered_at >= $since
),
first_visits AS (
    SELECT *
    FROM visits
    QUALIFY row_number() OVER (PARTITION BY subject_id, track, pipeline, stage ORDER BY move_number) = 1
),
counted AS (
    SELECT pipeline, stage, count(*) AS count_entered, count(gone_on_at) AS count_went_on,
        count(won_at) AS count_won, count(lost_at) FILTER (won_at IS NULL) AS count_lost
    FROM first_visits
    GROUP BY pipeline, stage
),
measured AS (
    SELECT pipeline, stage, median(stage_seconds) AS median_seconds
    FROM visits
    GROUP BY pipeline, stage
)
SELECT stage, stage_name, is_end, coalesce(count_entered, 0) AS count_entered,
    coalesce(count_went_on, 0) AS count_went_on, count_went_on / count_entered AS conversion_rate,
    coalesce(count_won, 0) AS count_won, coalesce(count_lost, 0) AS count_lost, median_seconds
FROM stages
LEFT JOIN counted USING (pipeline, stage)
LEFT JOIN measured USING (pipeline, stage)
ORDER BY stage_position
"""


def fetch_funnel(
    file: AnalyticsFile, *, tenant_id: str, subject: Subject, pipeline: str, since: datetime
) -> pd.DataFrame:
    """Return what came of who came into each stage since an instant, in the order of the stages.

    Columns: stage, stage_name, is_end (won or lost), count_entered, count_went_on (later came to a stage further on),
    conversion_rate, count_won, count_lost (and never won), median_seconds in the stage, of visits that ended. As
    rpt_stage_conversion counts them, by first visits since the instant. Contacts have one funnel over
    all their pipelines.
    """
    return file.fetch(_FUNNEL, tenant_id=tenant_id, subject=subject, pipeline=pipeline, since=since)


def fetch_speed_to_lead(file: AnalyticsFile, *, tenant_id: str, since: datetime) -> pd.DataFrame:
    """Return one row about the leads since an instant: how many, how many answered, and how fast.

    Columns: count_leads, count_answered, median_seconds, p90_seconds, median_human_seconds (the first answer that no
    rule gave).
    """
    sql = """
    SELECT count(*) AS count_leads, count(first_answer_at) AS count_answered,
        median(first_answer_seconds) AS median_seconds, quantile_cont(first_answer_seconds, 0.9) AS p90_seconds,
        median(first_human_answer_seconds) AS median_human_seconds
    FROM reports.rpt_speed_to_lead
    WHERE tenant_id = $tenant_id AND lead_at >= $since
    """
    return file.fetch(sql, tenant_id=tenant_id, since=since)
