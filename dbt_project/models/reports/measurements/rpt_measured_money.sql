-- Money of an unknown currency is in no figure: rpt_odd_money lists it.
with payments as (

    select * from {{ ref('fct_payments') }}
    where currency is not null

),

payment_changes as (

    select * from {{ ref('fct_payment_changes') }}

),

-- Each change of what a payment gave back, or lost to a dispute; a refund that fails takes its part back.
returned as (

    select
        changes.tenant_id,
        changes.payment_change_key,
        changes.payment_key,
        changes.occurred_at,
        changes.refunded_change_minor,
        changes.lost_change_minor,
        payments.contact_id,
        payments.currency,
        payments.service_name,
        -- The tax in what is left after the change, less that in what was left before it.
        {{ share_of('payments.tax_minor', 'changes.net_minor', 'payments.amount_minor') }}
        - {{ share_of(
            'payments.tax_minor',
            '(changes.net_minor + changes.refunded_change_minor + changes.lost_change_minor)',
            'payments.amount_minor'
        ) }} as tax_change_minor
    from payment_changes as changes
    inner join payments on changes.tenant_id = payments.tenant_id and changes.payment_key = payments.payment_key
    where changes.refunded_change_minor <> 0 or changes.lost_change_minor <> 0

),

final as (

    select
        tenant_id,
        'revenue_received' as metric,
        payment_key as source_key,
        payment_key as entity_key,
        contact_id,
        succeeded_at as measured_at,
        amount_minor as value,
        currency,
        service_name
    from payments
    where succeeded_at is not null and amount_minor is not null

    union all by name

    select
        tenant_id,
        unnest(['tax_collected', 'revenue_before_tax']) as metric,
        payment_key as source_key,
        payment_key as entity_key,
        contact_id,
        succeeded_at as measured_at,
        unnest([tax_minor, before_tax_minor]) as value,
        currency,
        service_name
    from payments
    where succeeded_at is not null and before_tax_minor is not null

    union all by name

    select
        tenant_id,
        unnest(['tax_collected', 'revenue_before_tax']) as metric,
        payment_change_key as source_key,
        payment_key as entity_key,
        contact_id,
        occurred_at as measured_at,
        unnest([tax_change_minor, -refunded_change_minor - lost_change_minor - tax_change_minor]) as value,
        currency,
        service_name
    from returned
    where tax_change_minor is not null

    union all by name

    select
        tenant_id,
        unnest(['revenue_refunded', 'revenue_lost', 'revenue_returned']) as metric,
        payment_change_key as source_key,
        payment_key as entity_key,
        contact_id,
        if(unnest([
            refunded_change_minor, lost_change_minor, refunded_change_minor + lost_change_minor
        ]) <> 0, occurred_at, null) as measured_at,
        unnest([
            refunded_change_minor, lost_change_minor, refunded_change_minor + lost_change_minor
        ]) as value,
        currency,
        service_name
    from returned

)

select * from final
