{#-
    What rules can speak of, as one JSON object: one wide column costs less to plan than many narrow ones. Instants are
    ISO 8601 in UTC, so that they sort as text. The names are those of frontdesk/domains/rules/vocabulary.py; a test compares.
-#}
{% macro json_fields(columns, instants, of='') -%}
    json_object(
        {%- for column in columns %}
        '{{ column }}', {{ of }}{{ column }},
        {%- endfor %}
        {%- for column in instants %}
        '{{ column }}', {{ iso_instant(of ~ column, '%S.%f') }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- The fields of a fact. -#}
{% macro fact_fields(facts) -%}
    {{ json_fields(
        [
            'source', 'booking_id', 'service_key', 'service_name', 'staff_name', 'location', 'payment_status', 'currency',
            'price_minor', 'payment_id', 'method', 'failure_reason', 'amount_minor', 'refunded_minor', 'part_minor',
            'tax_minor', 'message_id',
            'channel', 'direction', 'body', 'from_address', 'to_address', 'error_code', 'opt_out_type', 'lead_id',
            'medium', 'campaign', 'interest', 'cost_minor', 'purpose', 'is_granted', 'evidence', 'is_deleted',
            'entity_kind', 'entity_id', 'title', 'detail'
        ],
        ['occurred_at', 'starts_at', 'ends_at'],
        of=facts ~ '.'
    ) }}
{%- endmacro %}

{#- Until when a booking is still to come: a whole day until that day is over on the clock of its business, `tenants`. -#}
{% macro upcoming_until(bookings) -%}
    if(
            {{ bookings }}.is_all_day,
            (({{ bookings }}.starts_at at time zone tenants.zone)::date + 1)::timestamp at time zone tenants.zone,
            {{ bookings }}.starts_at
        )
{%- endmacro %}

{#- Whether a state of a booking is that of an instant, and lets it still take place after it. -#}
{% macro is_upcoming(states, instant) -%}
    {{ states }}.valid_from <= {{ instant }}
            and coalesce({{ states }}.valid_until > {{ instant }}, true)
            and {{ states }}.status in ('pending', 'confirmed')
            and {{ states }}.upcoming_until > {{ instant }}
{%- endmacro %}

{#- The fields of a booking's state. Without a time of day its start is a day, such as 2026-03-02. -#}
{% macro booking_fields() -%}
    json_merge_patch({{ json_fields(
        [
            'booking_id', 'source', 'status', 'currency', 'guest_name', 'guest_first_name', 'service_key', 'service_name',
            'staff_name', 'location', 'payment_status', 'price_minor', 'count_reschedules', 'count_guest_bookings_completed'
        ],
        ['starts_at', 'ends_at', 'created_at', 'last_changed_at', 'confirmed_at', 'cancelled_at', 'completed_at']
    ) }}, if(is_all_day, json_object('starts_at', starts_on::varchar), '{}'::json))
{%- endmacro %}

{#- The fields of a contact's state. -#}
{% macro contact_fields() -%}
    {{ json_fields(
        [
            'display_name', 'first_name', 'last_name', 'company', 'phone', 'email', 'acquisition_channel',
            'acquisition_campaign', 'is_identified', 'count_bookings', 'count_bookings_completed', 'count_messages',
            'count_bookings_upcoming', 'amount_paid_minor', 'currency'
        ],
        ['first_seen_at', 'last_seen_at']
    ) }}
{%- endmacro %}
