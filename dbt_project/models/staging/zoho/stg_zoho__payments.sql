{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['zoho.']}}) }}

-- Customer payments of Books. A payment whose reference is a Stripe object is the book entry of money that Stripe
-- has already reported; counting it here would count it twice.
with events as (

    select
        events.*,
        tenants.decimal_mark,
        tenants.currency as tenant_currency
    from {{ ref('stg_event_log__events') }} as events
    left join {{ ref('stg_tenants__tenants') }} as tenants on events.tenant_id = tenants.tenant_id
    where events.source = 'zoho' and lower(events.type) = 'zoho.books.payment'

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{"payment": {
                "payment_id": "VARCHAR", "customer_id": "VARCHAR", "customer_name": "VARCHAR", "email": "VARCHAR",
                "amount": "JSON", "currency_code": "VARCHAR", "payment_mode": "VARCHAR",
                "reference_number": "VARCHAR"
            }}'
        ).payment as payment
    from events

),

received as (

    select
        *,
        {{ row_only_if(
            first_text('payment.payment_id', 'payment.amount::varchar') ~ " is not null
            and not regexp_matches(coalesce(payment.reference_number, ''), '^(pi|ch|cs|py|in)_')"
        ) }} as is_ours_to_count
    from parsed

),

priced as (

    select
        *,
        {{ minor_units_from_json('payment.amount', currency_code('payment.currency_code'), 'decimal_mark') }}
            as amount_minor
    from received

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
        amount_minor,
        cast(null as bigint) as refunded_minor,
        {{ currency_code('payment.currency_code') }} as currency,
        lower({{ line_text('payment.payment_mode') }}) as method,
        cast(null as varchar) as failure_reason,
        {{ unread_amount('payment.amount', 'amount_minor') }} as unread_amount
    from priced

)

select * from final
