{#- Revenue of each week and month by a column of rpt_revenue_shares, with each tax in it. -#}
{% macro revenue_by(column) -%}
with shares as (

    select
        *,
        coalesce({{ column }}, 'unknown') as {{ column }}_or_unknown
    from {{ ref('rpt_revenue_shares') }}

),

placed as (

    {{ placed_in_periods('shares', 'shares.measured_date') }}

),

taxes as (

    select
        tenant_id,
        period_kind,
        period_start_date,
        {{ column }}_or_unknown,
        currency,
        tax_name,
        sum(value)::bigint as amount_minor
    from placed
    where share_kind = 'tax'
    group by all

),

tax_lists as (

    select
        tenant_id,
        period_kind,
        period_start_date,
        {{ column }}_or_unknown,
        currency,
        to_json(list({ 'name': tax_name, 'amount_minor': amount_minor } order by tax_name))::varchar as taxes
    from taxes
    where amount_minor <> 0
    group by all

),

sums as (

    select
        tenant_id,
        period_kind,
        period_start_date,
        {{ column }}_or_unknown,
        currency,
        count(distinct payment_key) filter (where movement = 'received' and share_kind = 'amount' and value <> 0)
            as count_payments,
        coalesce(sum(value) filter (where movement = 'received' and share_kind = 'amount'), 0)::bigint
            as received_minor,
        coalesce(-sum(value) filter (where movement = 'returned' and share_kind = 'amount'), 0)::bigint
            as returned_minor,
        (sum(value) filter (where share_kind = 'amount' and is_tax_known))::bigint as taxed_minor,
        if(bool_or(is_tax_known), coalesce(sum(value) filter (where share_kind = 'tax'), 0), null)::bigint as tax_minor
    from placed
    where value <> 0 or share_kind = 'amount'
    group by all

)

select
    sums.tenant_id,
    sums.period_kind,
    sums.period_start_date,
    sums.{{ column }}_or_unknown as {{ column }},
    sums.currency,
    sums.count_payments,
    sums.received_minor,
    sums.returned_minor,
    sums.received_minor - sums.returned_minor as net_minor,
    sums.tax_minor,
    sums.taxed_minor - sums.tax_minor as before_tax_minor,
    tax_lists.taxes
from sums
left join tax_lists
    on
        sums.tenant_id = tax_lists.tenant_id
        and sums.period_kind = tax_lists.period_kind
        and sums.period_start_date = tax_lists.period_start_date
        and sums.{{ column }}_or_unknown = tax_lists.{{ column }}_or_unknown
        and sums.currency = tax_lists.currency
where sums.received_minor <> 0 or sums.returned_minor <> 0 or sums.tax_minor <> 0
{%- endmacro %}
