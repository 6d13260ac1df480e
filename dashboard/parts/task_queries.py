"""Every question the dashboard asks of the published file about tasks, and the figures of a day.

As in queries.py: every function needs the tenants it is about; timestamps are aware UTC, what is missing is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.parts.queries import rows_of

Whose = Literal["mine", "nobody", "everybody"]


@dataclass(frozen=True)
class OpenTasks:
    """Tasks to show, and how many there are of everybody's that are due, and of each choice of whose."""

    tasks: pd.DataFrame
    count_due: int
    count_of: Mapping[Whose, int]


# Counts first and tasks joined to them: without any task there is still one row, with the counts alone.
_OPEN_TASKS = """
WITH reassigned AS (
    SELECT unnest($reassigned_keys::VARCHAR[]) AS task_key, unnest($reassigned_names::VARCHAR[]) AS new_name
),
all_tasks AS (
    SELECT * EXCLUDE (new_name, assigned_to), coalesce(new_name, assigned_to) AS assigned_to,
        list_contains($my_names::VARCHAR[], lower(trim(coalesce(new_name, assigned_to)))) AS is_mine
    FROM reports.rpt_tasks
    LEFT JOIN reassigned USING (task_key)
    WHERE tenant_id IN $tenant_ids AND NOT list_contains($hidden_keys::VARCHAR[], task_key)
),
open_tasks AS (
    SELECT *
    FROM all_tasks
    WHERE NOT list_contains($own_only::VARCHAR[], tenant_id) OR is_mine OR assigned_to IS NULL
),
counts AS (
    SELECT count(*) FILTER (timeframe <> 'upcoming') AS count_due, count(*) FILTER (is_mine) AS count_mine,
        count(*) FILTER (assigned_to IS NULL) AS count_nobody, count(*) AS count_everybody
    FROM open_tasks
),
chosen AS (
    SELECT *, count(*) OVER (PARTITION BY timeframe) AS count_in_timeframe
    FROM open_tasks
    WHERE $whose = 'everybody' OR $whose = 'nobody' AND assigned_to IS NULL OR $whose = 'mine' AND is_mine
    QUALIFY row_number() OVER (
        PARTITION BY timeframe ORDER BY priority_score DESC, due_at, task_key
    ) <= $limit
)
SELECT chosen.tenant_id, task_key, task_id, chosen.contact_id, chosen.display_name, contact.phone, booking_id,
    kind, title, assigned_to, due_at, timeframe, priority_score, kind_points, late_points, warmness_points,
    value_points, appointment_points, warmness, reason, count_in_timeframe, counts.*
FROM counts
LEFT JOIN chosen ON true
LEFT JOIN marts.dim_contacts AS contact
    ON contact.tenant_id = chosen.tenant_id AND contact.contact_id = chosen.contact_id
ORDER BY list_position(['overdue', 'today', 'upcoming'], timeframe), priority_score DESC, due_at, task_key
"""


def fetch_open_tasks(
    file: AnalyticsFile,
    *,
    tenant_ids: Sequence[str],
    whose: Whose,
    my_names: Sequence[str],
    hidden_keys: Sequence[str],
    reassigned: Mapping[str, str],
    own_only: Sequence[str] = (),
    limit: int,
) -> OpenTasks:
    """Return the most urgent tasks of each timeframe (overdue, today, upcoming), at most `limit` of each.

    `count_in_timeframe` is how many there are in all. `my_names` are e-mail addresses and names, in lower case.
    `hidden_keys` are keys of tasks that are left out, and `reassigned` has the new name of others: what is not
    published yet. Of tenants in `own_only` there are only one's own tasks and nobody's.
    """
    frame = file.fetch(
        _OPEN_TASKS,
        tenant_ids=list(tenant_ids),
        whose=whose,
        my_names=list(my_names),
        hidden_keys=list(hidden_keys),
        reassigned_keys=list(reassigned.keys()),
        reassigned_names=list(reassigned.values()),
        own_only=list(own_only),
        limit=limit,
    )
    counts = frame.iloc[0]
    return OpenTasks(
        tasks=frame[frame["task_key"].notna()],
        count_due=int(counts["count_due"]),
        count_of={
            "mine": int(counts["count_mine"]),
            "nobody": int(counts["count_nobody"]),
            "everybody": int(counts["count_everybody"]),
        },
    )


def fetch_tasks_of_contact(
    file: AnalyticsFile, *, tenant_id: str, contact_id: str, hidden_keys: Sequence[str]
) -> pd.DataFrame:
    """Return the contact's open tasks, most urgent first, in the columns of fetch_open_tasks that a row needs."""
    sql = """
    SELECT tenant_id, task_key, task_id, contact_id, display_name, kind, title, assigned_to, due_at, timeframe,
        priority_score, kind_points, late_points, warmness_points, value_points, appointment_points, reason
    FROM reports.rpt_tasks
    WHERE tenant_id = $tenant_id AND contact_id = $contact_id AND NOT list_contains($hidden_keys::VARCHAR[], task_key)
    ORDER BY priority_score DESC, due_at, task_key
    LIMIT 50
    """
    return file.fetch(sql, tenant_id=tenant_id, contact_id=contact_id, hidden_keys=list(hidden_keys))


def fetch_published_changes(
    file: AnalyticsFile, *, tenant_ids: Sequence[str], task_keys: Sequence[str]
) -> dict[str, datetime]:
    """Return when each of the tasks last changed (UTC), as far as it is published."""
    sql = """
    SELECT task_key, last_changed_at
    FROM marts.fct_tasks
    WHERE tenant_id IN $tenant_ids AND task_key IN $task_keys
    """
    frame = file.fetch(sql, tenant_ids=list(tenant_ids), task_keys=list(task_keys))
    return {row.task_key: row.last_changed_at for row in rows_of(frame)}


def fetch_assignees(file: AnalyticsFile, *, tenant_ids: Sequence[str]) -> pd.DataFrame:
    """Return whom tasks were ever given to: tenant_id, assigned_to; the busiest first, 20 of a business."""
    sql = """
    SELECT tenant_id, assigned_to
    FROM marts.fct_tasks
    WHERE tenant_id IN $tenant_ids AND assigned_to IS NOT NULL
    GROUP BY tenant_id, assigned_to
    QUALIFY row_number() OVER (PARTITION BY tenant_id ORDER BY count(*) DESC, assigned_to) <= 20
    ORDER BY tenant_id, count(*) DESC, assigned_to
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids))


def fetch_figures_of_today(file: AnalyticsFile, *, tenant_ids: Sequence[str], now: datetime) -> pd.DataFrame:
    """Return one row: count_done, count_bookings, count_unanswered_leads.

    Today is each business's own. Leads without an answer are those of the last seven days of 24 hours.
    """
    # The bounds without zones let DuckDB skip blocks of rows; the day itself is judged in each business's zone.
    sql = """
    WITH tenants AS (
        SELECT tenant_id, zone, ($now::TIMESTAMPTZ AT TIME ZONE zone)::DATE AS today
        FROM marts.dim_tenants
        WHERE tenant_id IN $tenant_ids
    ),
    done AS (
        SELECT count(*) AS count_done
        FROM marts.fct_tasks AS task
        INNER JOIN tenants USING (tenant_id)
        WHERE task.status = 'done' AND task.completed_at > $now::TIMESTAMPTZ - INTERVAL 2 DAY
            AND (task.completed_at AT TIME ZONE zone)::DATE = today
    ),
    booked AS (
        SELECT count(*) AS count_bookings
        FROM marts.fct_bookings AS booking
        INNER JOIN tenants USING (tenant_id)
        WHERE booking.status IN ('pending', 'confirmed', 'completed')
            AND booking.starts_at BETWEEN $now::TIMESTAMPTZ - INTERVAL 2 DAY AND $now::TIMESTAMPTZ + INTERVAL 2 DAY
            AND (booking.starts_at AT TIME ZONE zone)::DATE = today
    ),
    unanswered AS (
        SELECT count(*) AS count_unanswered_leads
        FROM reports.rpt_speed_to_lead
        WHERE tenant_id IN $tenant_ids AND first_answer_at IS NULL
            AND lead_at > $now::TIMESTAMPTZ - INTERVAL 7 DAY
    )
    SELECT done.*, booked.*, unanswered.*
    FROM done, booked, unanswered
    """
    return file.fetch(sql, tenant_ids=list(tenant_ids), now=now)
