{#- The commands of a type that are to go out, of rows of fct_decisions. -#}
{% macro commands_of(decisions, command_type) -%}
    select
        tenant_id,
        command_key,
        command_type,
        provider,
        message_class,
        contact_id,
        due_at,
        expires_at,
        payload,
        rule_id,
        rule_version,
        [cause_event_id] as cause_event_ids
    from {{ decisions }}
    where command_type = '{{ command_type }}' and verdict = 'intended' and stopped_by is null
{%- endmacro %}
