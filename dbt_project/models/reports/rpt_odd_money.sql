{#- Money that is in no figure, or in one without its amount: for a person to look at. -#}

with timeline as (

    select * from {{ ref('fct_timeline') }}

),

payments as (

    select * from {{ ref('fct_payments') }}

),

unread as (

    select
        tenant_id,
        'amount_not_read' as problem,
        contact_id,
        source,
        entity_id,
        title,
        unread_amount as detail,
        amount_minor,
        currency,
        occurred_at,
        event_id
    from timeline
    where unread_amount is not null

),

payment_problems as (

    select
        *,
        case
            when succeeded_at is null and refunded_minor > 0 then 'refund_without_payment'
            when succeeded_at is not null and amount_minor is null then 'payment_without_amount'
            when succeeded_at is not null and currency is null then 'payment_without_currency'
        end as problem
    from payments

),

odd_payments as (

    select
        tenant_id,
        problem,
        contact_id,
        source,
        payment_id as entity_id,
        'Payment ' || replace(status, '_', ' ') as title,
        method as detail,
        coalesce(nullif(refunded_minor, 0), amount_minor) as amount_minor,
        currency,
        last_changed_at as occurred_at,
        last_event_id as event_id
    from payment_problems
    where problem is not null

),

final as (

    select * from unread
    union all by name
    select * from odd_payments

)

select * from final
