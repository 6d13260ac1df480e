-- Customer payments of Books. A payment whose reference is a Stripe object is the book entry of money that Stripe
-- has already reported; counting it here would count it twice.
with events as (

    select * from {{ logged_events() }}
    where source = 'zoho' and type = 'zoho.books.payment'

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{"payment": {
                "payment_id": "VARCHAR", "customer_id": "VARCHAR", "customer_name": "VARCHAR", "email": "VARCHAR",
                "amount": "VARCHAR", "currency_code": "VARCHAR", "payment_mode": "VARCHAR",
                "reference_number": "VARCHAR"
            }}'
        ).payment as payment
    from events

),

received as (

    select
        *,
        {{ row_only_if("
            coalesce(payment.payment_id, payment.amount) is not null
            and not regexp_matches(coalesce(payment.reference_number, ''), '^(pi|ch|cs|py|in)_')
        ") }} as is_ours_to_count
    from parsed

),

final as (

    select
        {{ event_columns() }},
        'payment.succeeded' as fact_type,
        {{ contact_columns(
            ref_kind='zoho_record',
            ref='payment.customer_id',
            email='payment.email',
            full_name='payment.customer_name'
        ) }},
        coalesce({{ line_text('payment.payment_id') }}, subject_id, source_event_id) as payment_id,
        cast(null as varchar) as booking_id,
        'succeeded' as payment_change,
        {{ minor_units_from_decimal('payment.amount', 'payment.currency_code') }} as amount_minor,
        cast(null as bigint) as refunded_minor,
        {{ currency_code('payment.currency_code') }} as currency,
        lower({{ line_text('payment.payment_mode') }}) as method,
        cast(null as varchar) as failure_reason
    from received

)

select * from final
