{#- First day after the week or month that begins on a calendar date. -#}
{% macro period_end(period_kind, period_start_date) -%}
    case {{ period_kind }}
        when 'weekly' then {{ period_start_date }} + interval 7 day
        when 'monthly' then {{ period_start_date }} + interval 1 month
    end::date
{%- endmacro %}
