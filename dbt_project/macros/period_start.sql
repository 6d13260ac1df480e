{#- First day of the week (Monday) or month that a calendar date is in. -#}
{% macro period_start(period_kind, calendar_date) -%}
    case {{ period_kind }}
        when 'weekly' then date_trunc('week', {{ calendar_date }})
        when 'monthly' then date_trunc('month', {{ calendar_date }})
    end::date
{%- endmacro %}
