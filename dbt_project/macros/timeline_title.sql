{#- Words for a fact type, as staff read them: "booking.no_show" is "Booking no show". -#}
{% macro timeline_title(fact_type) -%}
    upper(substr({{ fact_type }}, 1, 1)) || replace(replace(substr({{ fact_type }}, 2), '.', ' '), '_', ' ')
{%- endmacro %}
