{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['payment']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ rows_of_batch('int_payment_facts') }}

),

-- The fold takes no side on arrival or time: what counts is how far each object of the payment has come.
folded as (

    select
        tenant_id,
        payment_id,
        arg_min(source, fact_order) as source,
        any_value(payment_contact_id) as contact_id,
        arg_max(booking_id, fact_order) as booking_id,
        coalesce(
            arg_max(received_so_far, fact_order),
            max(amount_minor) filter (where payment_change <> 'disputed'),
            max(amount_minor)
        ) as amount_minor,
        arg_max(told_refunded_so_far, fact_order) as told_refunded_minor,
        arg_max(refunded_so_far, fact_order) as counted_refunded_minor,
        arg_max(disputed_so_far, fact_order) as disputed_minor,
        arg_max(lost_so_far, fact_order) as lost_minor,
        arg_max(net_so_far, fact_order) as net_minor,
        max(fee_minor) as dispute_fee_minor,
        max(
            case
                when payment_change = 'disputed'
                    then {
                        'version': coalesce(part_version, 0),
                        'rank': {{ part_rank('part_status') }},
                        'status': coalesce(part_status, 'needs_response')
                    }
            end
        )['status'] as dispute_status,
        max(respond_by) as dispute_respond_by,
        arg_max(currency, fact_order) as currency,
        arg_max(method, fact_order) as method,
        arg_max(failure_reason, fact_order) filter (where payment_change in ('failed', 'cancelled')) as failure_reason,
        min(received_money_at) as succeeded_at,
        max(occurred_at) filter (where payment_change = 'failed') as failed_at,
        max(occurred_at) filter (where payment_change in ('refunded', 'refund')) as refunded_at,
        bool_or(payment_change = 'cancelled') as is_cancelled,
        bool_or(payment_change = 'expired') as is_expired,
        max(occurred_at) as last_changed_at,
        arg_max(event_id, fact_order) as last_event_id
    from facts
    group by tenant_id, payment_id

),

valued as (

    select
        *,
        -- What is told of a payment that nothing else is known of stands here, and is subtracted nowhere.
        if(succeeded_at is null, told_refunded_minor, counted_refunded_minor) as refunded_minor
    from folded

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
            when refunded_minor > 0 and refunded_minor >= coalesce(amount_minor, 0) then 'refunded'
            when lost_minor > 0 then 'lost'
            when disputed_minor > 0 then 'disputed'
            when refunded_minor > 0 then 'partially_refunded'
            when succeeded_at is not null then 'succeeded'
            when is_cancelled then 'cancelled'
            when failed_at is not null then 'failed'
            when is_expired then 'expired'
            else 'pending'
        end as status,
        amount_minor,
        refunded_minor,
        disputed_minor,
        lost_minor,
        net_minor,
        currency,
        method,
        case when succeeded_at is null then failure_reason end as failure_reason,
        dispute_status,
        dispute_fee_minor,
        dispute_respond_by,
        succeeded_at,
        failed_at,
        if(refunded_minor > 0, refunded_at, null) as refunded_at,
        last_changed_at,
        last_event_id
    from valued

)

select * from final
