{#-
    The first seven columns of every fact: what the log itself knows. `occurred_at` can be given where the
    payload dates its lines more exactly than the delivery as a whole.
-#}
{% macro event_columns(occurred_at='occurred_at') -%}
    event_id,
        sequence,
        tenant_id,
        source,
        source_event_id,
        {{ occurred_at }}{{ ' as occurred_at' if occurred_at != 'occurred_at' }},
        received_at
{%- endmacro %}
