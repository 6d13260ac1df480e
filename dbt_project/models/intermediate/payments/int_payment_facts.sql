{{ config(materialized='stored_while_building', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with attributed as (

    select
        *,
        last_value(
            if({{ is_about_a_payment('payment_change') }}, null, currency) ignore nulls
        ) over payment as own_currency
    from {{ ref('int_facts_attributed') }}
    where fact_family = 'payment'
    window payment as (
        partition by tenant_id, payment_id order by fact_order
        rows between unbounded preceding and unbounded following
    )

),

-- What is given back or lost in another currency than was received can't be subtracted: rpt_odd_money lists it.
facts as (

    -- A refund that does not say how much gives all back.
    select
        * exclude (own_currency)
        replace (
            case
                when payment_change = 'refunded' then coalesce(refunded_minor, amount_minor)
                when payment_change = 'succeeded' and source <> 'stripe' then refunded_minor
            end as refunded_minor
        ),
        coalesce(paid_at, if(payment_change = 'succeeded', occurred_at, null)) as received_money_at,
        if(received_money_at is not null, amount_minor, null) as paid_minor,
        -- Stripe's amounts of one payment only ever grow; of another source's, the newest counts.
        if(source = 'stripe', 0, epoch_us(occurred_at)) as paid_version
    from attributed
    where
        not {{ is_about_a_payment('payment_change') }}
        or payment_change = 'itemised'
        or coalesce(currency = own_currency, true)

),

folded as (

    {{ payment_fold('facts') }}

),

final as (

    select
        *,
        received_so_far - refunded_so_far - lost_so_far as net_so_far,
        coalesce(
            last_value(
                if({{ is_about_a_payment('payment_change') }}, null, currency) ignore nulls
            ) over payment_so_far,
            last_value(currency ignore nulls) over payment_so_far
        ) as currency_so_far,
        coalesce(
            last_value(if(has_person, contact_id, null) ignore nulls) over payment,
            last_value(contact_id) over payment
        ) as payment_contact_id
    from folded
    window
        payment as (
            partition by tenant_id, payment_id order by fact_order
            rows between unbounded preceding and unbounded following
        ),
        payment_so_far as (
            partition by tenant_id, payment_id order by fact_order
            rows between unbounded preceding and current row
        )

)

select * from final
