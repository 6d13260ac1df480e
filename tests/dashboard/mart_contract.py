"""The relations of the published file as the dashboard expects them: name to columns, each `name` or `name:TYPE`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_COLUMNS: Mapping[str, str] = {
    "marts.dim_tenants": """
        tenant_id name industry zone currency country
    """,
    "marts.dim_services": """
        tenant_id service_key name price_minor:BIGINT currency duration_minutes:INTEGER
    """,
    "marts.dim_contacts": """
        tenant_id contact_id display_name first_name last_name company phone phone_extension
        phone_as_given is_phone_nobodys:BOOLEAN email email_as_given is_email_nobodys:BOOLEAN is_identified:BOOLEAN
        acquisition_channel acquisition_campaign count_bookings:BIGINT count_bookings_completed:BIGINT
        count_messages:BIGINT amount_paid_minor:BIGINT currency first_seen_at:TIMESTAMPTZ
        last_seen_at:TIMESTAMPTZ
    """,
    "marts.bdg_contact_identifiers": """
        tenant_id identifier_key contact_id identifier_kind identifier_value identifier_use count_events:BIGINT
        first_observed_at:TIMESTAMPTZ first_event_id first_source
    """,
    "marts.fct_identity_conflicts": """
        tenant_id conflict_id strong_identifier_kind_a strong_identifier_a strong_identifier_kind_b
        strong_identifier_b shared_identifier_kind shared_identifier_value contact_id_a contact_id_b
        first_observed_at:TIMESTAMPTZ status decided_by decided_at:TIMESTAMPTZ decision_event_id
    """,
    "marts.fct_shared_identifiers": """
        tenant_id identifier_key contact_id identifier_kind identifier_value count_names:BIGINT names
        first_observed_at:TIMESTAMPTZ last_observed_at:TIMESTAMPTZ
    """,
    "marts.fct_bookings": """
        tenant_id booking_key booking_id source contact_id guest_name guest_first_name service_key service_name status
        starts_at:TIMESTAMPTZ ends_at:TIMESTAMPTZ starts_at_local:TIMESTAMP is_all_day:BOOLEAN
        upcoming_until:TIMESTAMPTZ
        price_minor:BIGINT currency staff_name location
        payment_status count_reschedules:BIGINT created_at:TIMESTAMPTZ confirmed_at:TIMESTAMPTZ
        cancelled_at:TIMESTAMPTZ completed_at:TIMESTAMPTZ last_changed_at:TIMESTAMPTZ last_event_id
    """,
    "marts.fct_payments": """
        tenant_id payment_key payment_id source contact_id booking_id status amount_minor:BIGINT
        refunded_minor:BIGINT disputed_minor:BIGINT lost_minor:BIGINT net_minor:BIGINT tax_minor:BIGINT
        before_tax_minor:BIGINT net_tax_minor:BIGINT currency method staff_name staff_source service_name
        service_source failure_reason
        dispute_status dispute_fee_minor:BIGINT dispute_respond_by:TIMESTAMPTZ succeeded_at:TIMESTAMPTZ
        failed_at:TIMESTAMPTZ refunded_at:TIMESTAMPTZ last_changed_at:TIMESTAMPTZ last_event_id
    """,
    "marts.fct_messages": """
        tenant_id message_key message_id source contact_id booking_id channel direction status body from_address
        to_address error_code opt_out_type attachments attachments_event_id created_at:TIMESTAMPTZ
        delivered_at:TIMESTAMPTZ failed_at:TIMESTAMPTZ last_changed_at:TIMESTAMPTZ last_event_id
    """,
    "marts.fct_touchpoints": """
        tenant_id touchpoint_key contact_id source channel medium campaign cost_minor:BIGINT currency
        occurred_at:TIMESTAMPTZ event_id
    """,
    "marts.fct_consents": """
        tenant_id consent_key source contact_id channel purpose address_kind address address_key
        is_granted:BOOLEAN evidence changed_at:TIMESTAMPTZ event_id
    """,
    "marts.fct_timeline": """
        tenant_id timeline_key contact_id occurred_at:TIMESTAMPTZ source type title detail
        amount_minor:BIGINT currency unread_amount entity_id event_id first_sequence:BIGINT received_at:TIMESTAMPTZ
    """,
    "marts.dim_metrics": """
        metric metric_order:INTEGER metric_name unit is_by_currency:BOOLEAN aggregation numerator denominator
        dimensions:VARCHAR[] is_higher_better:BOOLEAN counting_rule description
    """,
    "marts.fct_reports": """
        tenant_id report_key report_id period_kind period_start_date:DATE period_end_date:DATE log_sequence:BIGINT
        models_fingerprint figures files computed_at:TIMESTAMPTZ version_number:BIGINT event_id
    """,
    "reports.rpt_measurements": """
        tenant_id measurement_key metric entity_key contact_id measured_at:TIMESTAMPTZ measured_date:DATE
        until_date:DATE value:BIGINT currency service_name acquisition_channel
    """,
    "reports.rpt_period_figures": """
        tenant_id period_kind period_start_date:DATE period_end_date:DATE period_starts_at:TIMESTAMPTZ
        period_ends_at:TIMESTAMPTZ metric metric_order:INTEGER unit currency value:BIGINT
    """,
    "reports.rpt_revenue_by_staff": """
        tenant_id period_kind period_start_date:DATE staff_name currency count_payments:BIGINT received_minor:BIGINT
        returned_minor:BIGINT net_minor:BIGINT tax_minor:BIGINT before_tax_minor:BIGINT taxes
    """,
    "reports.rpt_revenue_by_service": """
        tenant_id period_kind period_start_date:DATE service_name currency count_payments:BIGINT received_minor:BIGINT
        returned_minor:BIGINT net_minor:BIGINT tax_minor:BIGINT before_tax_minor:BIGINT taxes
    """,
    "reports.rpt_period_stages": """
        tenant_id period_kind period_start_date:DATE pipeline pipeline_name stage stage_name stage_position:INTEGER
        count_entered:BIGINT count_went_on:BIGINT count_won:BIGINT count_lost:BIGINT
    """,
    "reports.rpt_period_breakdown": """
        tenant_id period_kind period_start_date:DATE metric metric_order:INTEGER unit dimension dimension_value
        currency value:BIGINT
    """,
    "marts.dim_stages": """
        tenant_id stage_key pipeline pipeline_name pipeline_of stage stage_name stage_position:INTEGER is_won:BOOLEAN
        is_lost:BOOLEAN next_action
    """,
    "marts.fct_stage_history": """
        tenant_id stage_change_key subject subject_id track contact_id booking_id pipeline stage
        stage_position:INTEGER from_pipeline from_stage is_backwards:BOOLEAN entered_at:TIMESTAMPTZ
        left_at:TIMESTAMPTZ cause_type cause_event_id changed_by move_number:BIGINT received_at:TIMESTAMPTZ
        sequence:BIGINT
    """,
    "marts.dim_contact_stages": """
        tenant_id stage_change_key subject subject_id track contact_id booking_id pipeline pipeline_name stage
        stage_name stage_position:INTEGER is_won:BOOLEAN is_lost:BOOLEAN next_action entered_at:TIMESTAMPTZ cause_type
        cause_event_id
    """,
    "marts.fct_tasks": """
        tenant_id task_key task_id contact_id booking_id kind title status due_at:TIMESTAMPTZ
        snoozed_until:TIMESTAMPTZ assigned_to created_at:TIMESTAMPTZ completed_at:TIMESTAMPTZ completed_by
        last_changed_at:TIMESTAMPTZ
    """,
    "marts.dim_attribution_settings": """
        tenant_id conversion revenue currency zone lookbacks_days:INTEGER[] half_life_days:DOUBLE
        position_first:DOUBLE position_between:DOUBLE position_last:DOUBLE
    """,
    "marts.fct_conversions": """
        tenant_id conversion_key contact_id conversion_type conversion_number:BIGINT converted_at:TIMESTAMPTZ
        revenue_minor:BIGINT currency booking_id payment_id
    """,
    "marts.fct_journey_touches": """
        tenant_id contact_id conversion_key touchpoint_key channel campaign occurred_at:TIMESTAMPTZ
        converted_at:TIMESTAMPTZ revenue_minor:BIGINT count_touches_after:BIGINT
    """,
    "marts.fct_attribution_credits": """
        tenant_id model lookback_days:INTEGER conversion_key contact_id converted_at:TIMESTAMPTZ channel campaign
        touchpoint_key position:BIGINT credit:DOUBLE revenue_minor:BIGINT
    """,
    "marts.fct_channel_credits_modelled": """
        tenant_id model lookback_days:INTEGER channel conversions:DOUBLE revenue_minor:BIGINT removal_effect:DOUBLE
        computed_at_sequence:BIGINT
    """,
    "reports.rpt_unread_times": """
        tenant_id problem told contact_id source type title entity_id occurred_at:TIMESTAMPTZ
        first_sequence:BIGINT event_id
    """,
    "reports.rpt_odd_money": """
        tenant_id problem contact_id source entity_id title detail amount_minor:BIGINT currency
        occurred_at:TIMESTAMPTZ event_id
    """,
    "reports.rpt_tasks": """
        tenant_id task_key task_id contact_id display_name booking_id kind title assigned_to due_at:TIMESTAMPTZ
        snoozed_until:TIMESTAMPTZ timeframe priority_score:DOUBLE kind_points:DOUBLE late_points:DOUBLE
        warmness_points:DOUBLE value_points:DOUBLE appointment_points:DOUBLE warmness:DOUBLE reason
        appointment_at:TIMESTAMPTZ priority_version:INTEGER rule_id created_at:TIMESTAMPTZ
    """,
    "reports.rpt_contact_warmness": """
        tenant_id contact_id score:DOUBLE components:WARMNESS_COMPONENTS weights_version:INTEGER
        last_activity_at:TIMESTAMPTZ
    """,
    "reports.rpt_next_actions": """
        tenant_id contact_id action action_source task_key kind booking_id due_at:TIMESTAMPTZ priority_score:DOUBLE
        reason
    """,
    "reports.rpt_speed_to_lead": """
        tenant_id lead_key contact_id lead_at:TIMESTAMPTZ source first_answer_at:TIMESTAMPTZ
        first_answer_channel first_answer_key first_answer_seconds:BIGINT first_human_answer_at:TIMESTAMPTZ
        first_human_answer_channel first_human_answer_key first_human_answer_seconds:BIGINT
    """,
    "reports.rpt_channel_attribution": """
        tenant_id model lookback_days:INTEGER channel conversions:DOUBLE share:DOUBLE revenue_minor:BIGINT
        conversion_rank:BIGINT rank_change_to_last:BIGINT spend_minor:BIGINT cost_per_conversion_minor:BIGINT
        return_on_spend:DOUBLE currency
    """,
    "reports.rpt_channel_costs": """
        tenant_id channel cost_month:DATE spend_minor:BIGINT told_again_minor:BIGINT count_leads:BIGINT
        count_bookings:BIGINT        cost_per_lead_minor:BIGINT cost_per_booking_minor:BIGINT currency
    """,
    "reports.rpt_payback": """
        tenant_id acquisition_month:DATE months_since:BIGINT count_contacts:BIGINT spend_minor:BIGINT
        revenue_minor:BIGINT revenue_so_far_minor:BIGINT is_paid_back:BOOLEAN payback_months:BIGINT currency
    """,
    "marts.fct_source_activity": """
        tenant_id activity_key source type activity_date:DATE active_hours:INTEGER count_events:BIGINT
        count_webhook_events:BIGINT is_known_type:BOOLEAN first_occurred_at:TIMESTAMPTZ last_occurred_at:TIMESTAMPTZ
        last_received_at:TIMESTAMPTZ last_sequence:BIGINT
    """,
    "marts.fct_quarantined_events": """
        tenant_id event_id sequence:BIGINT source type error quarantined_at:TIMESTAMPTZ
    """,
    "marts.fct_set_aside": """
        tenant_id set_aside_key kind subject step reason count_times:BIGINT set_aside_at:TIMESTAMPTZ
        last_seen_at:TIMESTAMPTZ let_in_at:TIMESTAMPTZ is_set_aside:BOOLEAN
    """,
    "marts.fct_decisions": """
        tenant_id command_key rule_id rule_version:INTEGER command_type channel provider message_class contact_id
        booking_id cause_event_id cause_type caused_at:TIMESTAMPTZ due_at:TIMESTAMPTZ expires_at:TIMESTAMPTZ verdict
        reason stopped_by stopped_detail stopped_at:TIMESTAMPTZ reason_detail reason_event_id to_address template
        payload
    """,
    "marts.fct_command_outcomes": """
        tenant_id command_key rule_id command_type contact_id message_id outcome done_at:TIMESTAMPTZ
        delivered_at:TIMESTAMPTZ failed_at:TIMESTAMPTZ suppressed_at:TIMESTAMPTZ uncertain_at:TIMESTAMPTZ reason
        error_code
    """,
    "marts.dim_rules": """
        tenant_id rule_key rule_id rule_version:INTEGER fact_types:VARCHAR[] anchor offset_seconds:BIGINT once_per
        message_class booking_states:VARCHAR[] unless_happened conditions command_types:VARCHAR[]
        templates:VARCHAR[] holdout_percent:INTEGER is_shadow:BOOLEAN
    """,
    "reports.rpt_rule_activity": """
        tenant_id rule_id command_type due_date:DATE count_considered:BIGINT count_intended:BIGINT
        count_to_do:BIGINT
        count_refused:BIGINT count_held_out:BIGINT count_shadow:BIGINT count_done:BIGINT count_failed:BIGINT
        count_suppressed:BIGINT count_uncertain:BIGINT
    """,
    "reports.rpt_holdout_uplift": """
        tenant_id rule_id count_treated:BIGINT count_treated_booked:BIGINT count_held_out:BIGINT
        count_held_out_booked:BIGINT treated_rate:DOUBLE held_out_rate:DOUBLE uplift:DOUBLE
    """,
    "reports.rpt_source_health": """
        tenant_id source is_configured:BOOLEAN count_events:BIGINT count_unknown_type_events:BIGINT
        last_event_at:TIMESTAMPTZ last_received_at:TIMESTAMPTZ events_today:BIGINT events_last_7d:BIGINT
        usual_gap_seconds:BIGINT silent_seconds:BIGINT is_silent:BOOLEAN count_rejections_7d:BIGINT
        last_rejected_at:TIMESTAMPTZ last_rejection_reason
    """,
    "reports.rpt_unknown_types": """
        tenant_id source type count_events:BIGINT last_occurred_at:TIMESTAMPTZ last_received_at:TIMESTAMPTZ
    """,
    "reports.rpt_freshness": """
        modelled_sequence:BIGINT last_received_at:TIMESTAMPTZ published_at:TIMESTAMPTZ log_sequence:BIGINT
        published_by
    """,
}

#: Questions about a past moment with the columns of the published ones, whose own tests are in tests/pipelines.
#: Here: what happened by `t` on the timeline, of what had reached us by `known_at`.
MACROS = """
CREATE MACRO marts.contact_at(t, known_at := 'infinity'::TIMESTAMPTZ) AS TABLE
    SELECT tenant_id, contact_id, min(occurred_at) AS first_seen_at, max(occurred_at) AS last_seen_at,
        arg_max(type, occurred_at) AS last_type, count(*) FILTER (type LIKE 'booking.%') AS count_bookings,
        0 AS count_bookings_completed, count(*) FILTER (type LIKE 'message.%') AS count_messages,
        coalesce(sum(amount_minor) FILTER (type = 'payment.succeeded'), 0)::BIGINT AS amount_paid_minor
    FROM marts.fct_timeline
    WHERE occurred_at <= t AND coalesce(received_at, occurred_at) <= known_at
    GROUP BY tenant_id, contact_id;
CREATE MACRO marts.warmness_at(t, known_at := 'infinity'::TIMESTAMPTZ) AS TABLE
    SELECT tenant_id, contact_id, score
    FROM reports.rpt_contact_warmness
    WHERE last_activity_at <= t AND last_activity_at <= known_at;
CREATE MACRO marts.contact_stage_at(t, known_at := 'infinity'::TIMESTAMPTZ, of_contact := NULL) AS TABLE
    SELECT tenant_id, contact_id, pipeline, stage, entered_at
    FROM marts.fct_stage_history
    WHERE entered_at <= t AND received_at <= known_at AND (of_contact IS NULL OR contact_id = of_contact)
    QUALIFY row_number() OVER (PARTITION BY tenant_id, subject_id, track ORDER BY entered_at DESC) = 1;
CREATE MACRO reports.levels_at(of_tenant, end_date, of_metrics) AS TABLE
    SELECT metric, count(DISTINCT entity_key) AS value
    FROM reports.rpt_measurements
    WHERE tenant_id = of_tenant AND list_contains(of_metrics, metric) AND measured_date < end_date
        AND coalesce(until_date >= end_date, true)
    GROUP BY metric;
CREATE MACRO reports.period_figures(of_tenant, first_date, end_date) AS TABLE
    SELECT * FROM reports.rpt_period_figures
    WHERE tenant_id = of_tenant AND period_start_date >= first_date AND period_start_date < end_date;
"""

#: Views that are published as the models have them: what they say is their own unit tests' matter.
_VIEWS = ("rpt_contact_opt_outs", "rpt_conversations", "rpt_stage_visits")
_MODELS = Path(__file__).parents[2] / "dbt_project" / "models" / "reports" / "pipeline"


def create_views() -> str:
    """Return the SQL that makes the views over the relations of the file."""

    def sql_of(name: str) -> str:
        text = (_MODELS / f"{name}.sql").read_text(encoding="utf-8")
        return re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"marts.\1", text)

    return "".join(f"CREATE VIEW reports.{name} AS {sql_of(name)};" for name in _VIEWS)


#: Types that have blanks.
_TYPES: Mapping[str, str] = {
    "WARMNESS_COMPONENTS": "STRUCT(COMPONENT VARCHAR, POINTS DOUBLE, COUNT_FACTS BIGINT, LAST_AT TIMESTAMPTZ)[]",
}


def columns_of(relation: str) -> dict[str, str]:
    """Return the relation's columns and their DuckDB types, in order; text where none is written."""
    pairs = (column.partition(":") for column in _COLUMNS[relation].split())
    return {name: _TYPES.get(type_, type_) or "VARCHAR" for name, _, type_ in pairs}


#: Relation to the DDL of its columns.
RELATIONS: Mapping[str, str] = {
    relation: ", ".join(f"{name} {type_}" for name, type_ in columns_of(relation).items()) for relation in _COLUMNS
}
