{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['payment']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ attributed_facts() }}
    where fact_family = 'payment'

),

-- The fold takes no side on arrival: money received, given back and disputed only ever adds up.
folded as (

    select
        tenant_id,
        payment_id,
        arg_min(source, fact_order) as source,
        coalesce(
            arg_max(contact_id, fact_order) filter (where has_person), arg_max(contact_id, fact_order)
        ) as contact_id,
        arg_max(booking_id, fact_order) as booking_id,
        coalesce(
            max(amount_minor) filter (where payment_change = 'succeeded'),
            max(amount_minor) filter (where payment_change <> 'disputed'),
            max(amount_minor)
        ) as amount_minor,
        coalesce(
            max(coalesce(refunded_minor, amount_minor)) filter (where payment_change = 'refunded'), 0
        ) as refunded_minor,
        arg_max(currency, fact_order) as currency,
        arg_max(method, fact_order) as method,
        arg_max(failure_reason, fact_order) as failure_reason,
        min(occurred_at) filter (where payment_change = 'succeeded') as succeeded_at,
        max(occurred_at) filter (where payment_change = 'failed') as failed_at,
        max(occurred_at) filter (where payment_change = 'refunded') as refunded_at,
        max(occurred_at) filter (where payment_change = 'disputed') as disputed_at,
        max(occurred_at) as last_changed_at,
        arg_max(event_id, fact_order) as last_event_id
    from facts
    group by tenant_id, payment_id

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'payment_id']) }} as payment_key,
        payment_id,
        source,
        contact_id,
        booking_id,
        case
            when refunded_minor > 0 and refunded_minor >= amount_minor then 'refunded'
            when refunded_minor > 0 then 'partially_refunded'
            when disputed_at is not null then 'disputed'
            when succeeded_at is not null then 'succeeded'
            when failed_at is not null then 'failed'
            else 'pending'
        end as status,
        amount_minor,
        refunded_minor,
        currency,
        method,
        case when succeeded_at is null then failure_reason end as failure_reason,
        succeeded_at,
        failed_at,
        refunded_at,
        last_changed_at,
        last_event_id
    from folded

)

select * from final
