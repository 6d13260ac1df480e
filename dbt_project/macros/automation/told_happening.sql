{#- What a fact tells, whoever delivers it: several deliveries can tell of one thing, each fact about a booking is its own. -#}
{% macro told_happening() -%}
    concat_ws(
        '|', fact_type, {{ told_thing() }}, case when fact_family = 'booking' then source || source_event_id end
    )
{%- endmacro %}
