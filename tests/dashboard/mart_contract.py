"""The relations of the published file as the dashboard expects them: name to columns, each `name` or `name:TYPE`."""

from __future__ import annotations

from collections.abc import Mapping

_COLUMNS: Mapping[str, str] = {
    "marts.dim_tenants": """
        tenant_id name industry zone currency country
    """,
    "marts.dim_services": """
        tenant_id service_key name price_minor:BIGINT currency duration_minutes:INTEGER
    """,
    "marts.dim_contacts": """
        tenant_id contact_id display_name first_name last_name company phone email is_identified:BOOLEAN
        acquisition_channel acquisition_campaign count_bookings:BIGINT count_bookings_completed:BIGINT
        count_messages:BIGINT amount_paid_minor:BIGINT currency first_seen_at:TIMESTAMPTZ
        last_seen_at:TIMESTAMPTZ
    """,
    "marts.bdg_contact_identifiers": """
        tenant_id identifier_key contact_id identifier_kind identifier_value identifier_use count_events:BIGINT
        first_observed_at:TIMESTAMPTZ first_event_id first_source
    """,
    "marts.fct_identity_conflicts": """
        tenant_id conflict_id strong_identifier_a strong_identifier_b shared_identifier_kind
        shared_identifier_value contact_id_a contact_id_b first_observed_at:TIMESTAMPTZ
    """,
    "marts.fct_bookings": """
        tenant_id booking_key booking_id source contact_id service_name status starts_at:TIMESTAMPTZ
        ends_at:TIMESTAMPTZ starts_at_local:TIMESTAMP price_minor:BIGINT currency staff_name location
        payment_status count_reschedules:BIGINT created_at:TIMESTAMPTZ confirmed_at:TIMESTAMPTZ
        cancelled_at:TIMESTAMPTZ completed_at:TIMESTAMPTZ last_changed_at:TIMESTAMPTZ last_event_id
    """,
    "marts.fct_payments": """
        tenant_id payment_key payment_id source contact_id booking_id status amount_minor:BIGINT
        refunded_minor:BIGINT currency method failure_reason succeeded_at:TIMESTAMPTZ failed_at:TIMESTAMPTZ
        refunded_at:TIMESTAMPTZ last_changed_at:TIMESTAMPTZ last_event_id
    """,
    "marts.fct_messages": """
        tenant_id message_key message_id source contact_id channel direction status body from_address
        to_address error_code opt_out_type created_at:TIMESTAMPTZ delivered_at:TIMESTAMPTZ
        failed_at:TIMESTAMPTZ last_changed_at:TIMESTAMPTZ last_event_id
    """,
    "marts.fct_touchpoints": """
        tenant_id touchpoint_key contact_id source channel medium campaign cost_minor:BIGINT currency
        occurred_at:TIMESTAMPTZ event_id
    """,
    "marts.fct_consents": """
        tenant_id consent_key source contact_id channel purpose is_granted:BOOLEAN evidence
        changed_at:TIMESTAMPTZ event_id
    """,
    "marts.fct_timeline": """
        tenant_id timeline_key contact_id occurred_at:TIMESTAMPTZ source type title detail
        amount_minor:BIGINT currency entity_id event_id first_sequence:BIGINT received_at:TIMESTAMPTZ
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
    "reports.rpt_period_breakdown": """
        tenant_id period_kind period_start_date:DATE metric metric_order:INTEGER unit dimension dimension_value
        currency value:BIGINT
    """,
    "marts.fct_source_activity": """
        tenant_id activity_key source type activity_date:DATE count_events:BIGINT count_webhook_events:BIGINT
        is_known_type:BOOLEAN first_occurred_at:TIMESTAMPTZ last_occurred_at:TIMESTAMPTZ
        last_received_at:TIMESTAMPTZ last_sequence:BIGINT
    """,
    "marts.fct_quarantined_events": """
        tenant_id event_id sequence:BIGINT source type error quarantined_at:TIMESTAMPTZ
    """,
    "marts.fct_decisions": """
        tenant_id command_key rule_id rule_version:INTEGER command_type channel provider message_class contact_id
        booking_id cause_event_id cause_type caused_at:TIMESTAMPTZ due_at:TIMESTAMPTZ expires_at:TIMESTAMPTZ verdict
        reason stopped_by reason_detail reason_event_id to_address template payload
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


def columns_of(relation: str) -> dict[str, str]:
    """Return the relation's columns and their DuckDB types, in order; text where none is written."""
    pairs = (column.partition(":") for column in _COLUMNS[relation].split())
    return {name: type_ or "VARCHAR" for name, _, type_ in pairs}


#: Relation to the DDL of its columns.
RELATIONS: Mapping[str, str] = {
    relation: ", ".join(f"{name} {type_}" for name, type_ in columns_of(relation).items()) for relation in _COLUMNS
}
