{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['stripe.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        source = 'stripe'
        and type in (
            'stripe.invoice.paid',
            'stripe.invoice.payment_failed',
            'stripe.charge.dispute.created',
            'stripe.charge.dispute.closed',
            'stripe.customer.subscription.created',
            'stripe.customer.subscription.updated',
            'stripe.customer.subscription.paused',
            'stripe.customer.subscription.resumed',
            'stripe.customer.subscription.deleted'
        )

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{"data": {"object": {
                "id": "VARCHAR", "number": "VARCHAR", "status": "VARCHAR", "reason": "VARCHAR", "currency": "VARCHAR",
                "amount": "VARCHAR", "amount_paid": "VARCHAR", "amount_remaining": "VARCHAR",
                "attempt_count": "VARCHAR", "charge": "VARCHAR", "payment_intent": "VARCHAR",
                "customer": "VARCHAR", "customer_email": "VARCHAR", "customer_name": "VARCHAR",
                "customer_phone": "VARCHAR"
            }}}'
        ).data.object as object
    from events

),

classified as (

    select
        *,
        case type
            when 'stripe.charge.dispute.created' then 'dispute.opened'
            when 'stripe.customer.subscription.deleted' then 'subscription.cancelled'
            else regexp_replace(type, '^stripe\.(customer\.|charge\.)?', '')
        end as fact_type
    from parsed

),

final as (

    select
        {{ event_columns() }},
        fact_type,
        {{ contact_columns(
            ref_kind='stripe_customer',
            ref='object.customer',
            phone='object.customer_phone',
            email='object.customer_email',
            full_name='object.customer_name'
        ) }},
        -- A dispute names no customer. Filed under the payment it disputes, it finds the contact who paid.
        case
            when starts_with(fact_type, 'invoice.') then 'stripe_invoice'
            when starts_with(fact_type, 'subscription.') then 'stripe_subscription'
            else 'payment'
        end as entity_kind,
        coalesce(
            case
                when starts_with(fact_type, 'dispute.')
                    then coalesce(
                        {{ line_text('object.payment_intent') }},
                        {{ line_text('object.charge') }}
                    )
            end,
            {{ line_text('object.id') }},
            subject_id,
            source_event_id
        ) as entity_id,
        case fact_type
            when 'invoice.paid' then concat_ws(' ', 'Invoice', {{ line_text('object.number') }}, 'paid')
            when 'invoice.payment_failed'
                then concat_ws(' ', 'Payment of invoice', {{ line_text('object.number') }}, 'failed')
            when 'dispute.opened' then 'Payment disputed'
            when 'dispute.closed' then 'Dispute closed'
            else 'Subscription ' || replace(fact_type, 'subscription.', '')
        end as title,
        case
            when starts_with(fact_type, 'dispute.')
                then concat_ws(', ', {{ line_text('object.reason') }}, {{ line_text('object.status') }})
            when fact_type = 'invoice.payment_failed'
                then 'Attempt ' || {{ line_text('object.attempt_count') }}
            else {{ line_text('object.status') }}
        end as detail,
        case
            when fact_type = 'invoice.paid' then {{ whole_number('object.amount_paid') }}
            when fact_type = 'invoice.payment_failed' then {{ whole_number('object.amount_remaining') }}
            when starts_with(fact_type, 'dispute.') then {{ whole_number('object.amount') }}
        end as amount_minor,
        {{ currency_code('object.currency') }} as currency
    from classified

)

select * from final
