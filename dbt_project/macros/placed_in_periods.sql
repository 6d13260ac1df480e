{#- Rows of a relation twice: for the week and for the month that a calendar date of theirs is in. -#}
{% macro placed_in_periods(relation, calendar_date) -%}
    select
        {{ relation }}.*,
        kinds.period_kind,
        {{ period_start('kinds.period_kind', calendar_date) }} as period_start_date
    from {{ relation }}
    cross join (select unnest(['weekly', 'monthly']) as period_kind) as kinds
{%- endmacro %}
