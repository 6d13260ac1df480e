{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['payment.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type in ('payment.succeeded', 'payment.failed', 'payment.refunded', 'payment.itemised')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "payment_id": "VARCHAR", "booking_id": "VARCHAR", "amount_minor": "VARCHAR",
                "refunded_minor": "VARCHAR", "currency": "VARCHAR", "method": "VARCHAR", "failure_reason": "VARCHAR",
                {{ receipt_shape() }},
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
        if(type = 'payment.itemised', null, {{ whole_number('fact.amount_minor') }}) as amount_minor,
        -- A refund that doesn't say how much is a refund of all.
        case
            when type = 'payment.refunded'
                then coalesce({{ whole_number('fact.refunded_minor') }}, {{ whole_number('fact.amount_minor') }})
            when type <> 'payment.itemised' then {{ whole_number('fact.refunded_minor') }}
        end as refunded_minor,
        {{ currency_code('fact.currency') }} as currency,
        {{ line_text('fact.method') }} as method,
        {{ free_text('fact.failure_reason') }} as failure_reason,
        {{ line_text('fact.service') }} as service_name,
        {{ line_text('fact.staff') }} as staff_name,
        if(type = 'payment.itemised', null, {{ signed_whole_number('fact.tax_minor') }}) as tax_minor,
        if(type = 'payment.itemised', null, {{ receipt_taxes('fact.taxes') }}) as taxes,
        {{ receipt_lines('fact.lines') }} as lines
    from parsed

)

select * from final
