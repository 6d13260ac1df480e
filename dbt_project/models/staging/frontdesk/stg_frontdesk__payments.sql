with events as (

    select * from {{ logged_events() }}
    where type in ('payment.succeeded', 'payment.failed', 'payment.refunded')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "payment_id": "VARCHAR", "booking_id": "VARCHAR", "amount_minor": "VARCHAR",
                "refunded_minor": "VARCHAR", "currency": "VARCHAR", "method": "VARCHAR", "failure_reason": "VARCHAR",
                {{ canonical_contact_shape() }}
            }'
        ) as fact
    from events

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        coalesce({{ line_text('fact.payment_id') }}, subject_id, source_event_id) as payment_id,
        {{ line_text('fact.booking_id') }} as booking_id,
        replace(type, 'payment.', '') as payment_change,
        {{ whole_number('fact.amount_minor') }} as amount_minor,
        -- A refund that doesn't say how much is a refund of all.
        case
            when type = 'payment.refunded'
                then coalesce({{ whole_number('fact.refunded_minor') }}, {{ whole_number('fact.amount_minor') }})
            else {{ whole_number('fact.refunded_minor') }}
        end as refunded_minor,
        {{ currency_code('fact.currency') }} as currency,
        {{ line_text('fact.method') }} as method,
        {{ free_text('fact.failure_reason') }} as failure_reason
    from parsed

)

select * from final
