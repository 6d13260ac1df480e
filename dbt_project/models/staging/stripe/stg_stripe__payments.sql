-- One row per event that says something about money. Several objects describe one payment; they meet in
-- payment_id, which is the payment intent wherever the object names one. Invoices are left out on purpose: the
-- payment intent behind an invoice sends its own events, and counting both would count the money twice. For the
-- same reason checkout sessions of subscriptions (paid by an invoice) are left out.
with events as (

    select * from {{ logged_events() }}
    where
        source = 'stripe'
        and type in (
            'stripe.payment_intent.processing',
            'stripe.payment_intent.succeeded',
            'stripe.payment_intent.payment_failed',
            'stripe.charge.pending',
            'stripe.charge.succeeded',
            'stripe.charge.captured',
            'stripe.charge.failed',
            'stripe.charge.refunded',
            'stripe.charge.dispute.created',
            'stripe.checkout.session.completed',
            'stripe.checkout.session.async_payment_succeeded',
            'stripe.checkout.session.async_payment_failed'
        )

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{"data": {"object": {
                "id": "VARCHAR", "payment_intent": "VARCHAR", "charge": "VARCHAR", "customer": "VARCHAR",
                "amount": "VARCHAR", "amount_received": "VARCHAR", "amount_captured": "VARCHAR",
                "amount_refunded": "VARCHAR", "amount_total": "VARCHAR", "captured": "VARCHAR", "currency": "VARCHAR",
                "mode": "VARCHAR", "payment_status": "VARCHAR", "client_reference_id": "VARCHAR",
                "metadata": {"booking_id": "VARCHAR"},
                "receipt_email": "VARCHAR", "customer_email": "VARCHAR",
                "billing_details": {"email": "VARCHAR", "name": "VARCHAR", "phone": "VARCHAR"},
                "customer_details": {"email": "VARCHAR", "name": "VARCHAR", "phone": "VARCHAR"},
                "payment_method_details": {"type": "VARCHAR"}, "payment_method_types": ["VARCHAR"],
                "last_payment_error": {
                    "code": "VARCHAR", "decline_code": "VARCHAR", "message": "VARCHAR",
                    "payment_method": {"type": "VARCHAR"}
                },
                "outcome": {"reason": "VARCHAR"}, "failure_code": "VARCHAR", "failure_message": "VARCHAR",
                "reason": "VARCHAR"
            }}}'
        ).data.object as object
    from events

),

classified as (

    select
        *,
        case
            when type in ('stripe.payment_intent.processing', 'stripe.charge.pending') then 'pending'
            when type in ('stripe.payment_intent.payment_failed', 'stripe.charge.failed') then 'failed'
            when type = 'stripe.checkout.session.async_payment_failed' then 'failed'
            when type = 'stripe.charge.refunded' then 'refunded'
            when type = 'stripe.charge.dispute.created' then 'disputed'
            -- The money of a charge that is only authorised, or of a bank debit under way, is not there yet.
            when type = 'stripe.charge.succeeded' and object.captured = 'false' then 'pending'
            when type = 'stripe.checkout.session.completed' and coalesce(object.payment_status, '') <> 'paid'
                then 'pending'
            else 'succeeded'
        end as payment_change,
        {{ row_only_if("
            coalesce(object.payment_status, '') <> 'no_payment_required'
            and coalesce(object.mode, '') not in ('subscription', 'setup')
        ") }} as is_payment
    from parsed

),

final as (

    select
        {{ event_columns() }},
        'payment.' || payment_change as fact_type,
        -- Who pays. Name and phone under `shipping` are the receiver's, of a gift somebody else's.
        {{ contact_columns(
            ref_kind='stripe_customer',
            ref='object.customer',
            phone='coalesce(object.billing_details.phone, object.customer_details.phone)',
            email='coalesce(
                object.receipt_email,
                object.billing_details.email,
                object.customer_details.email,
                object.customer_email
            )',
            full_name='coalesce(object.billing_details.name, object.customer_details.name)'
        ) }},
        coalesce(
            {{ line_text('object.payment_intent') }},
            {{ line_text('object.charge') }},
            {{ line_text('object.id') }},
            subject_id,
            source_event_id
        ) as payment_id,
        coalesce(
            {{ line_text('object.metadata.booking_id') }},
            {{ line_text('object.client_reference_id') }}
        ) as booking_id,
        payment_change,
        case
            -- A dispute's amount is the disputed part, not the payment's.
            when payment_change = 'disputed' then null
            when type = 'stripe.payment_intent.succeeded'
                then {{ whole_number('coalesce(object.amount_received, object.amount)') }}
            when type = 'stripe.charge.captured'
                then {{ whole_number('coalesce(object.amount_captured, object.amount)') }}
            else {{ whole_number('coalesce(object.amount_total, object.amount)') }}
        end as amount_minor,
        case when payment_change = 'refunded' then {{ whole_number('object.amount_refunded') }} end as refunded_minor,
        {{ currency_code('object.currency') }} as currency,
        -- payment_method_types lists what was offered: it names the method only when it is alone.
        coalesce(
            {{ line_text('object.payment_method_details.type') }},
            {{ line_text('object.last_payment_error.payment_method.type') }},
            case when len(object.payment_method_types) = 1 then {{ line_text('object.payment_method_types[1]') }} end
        ) as method,
        case payment_change
            when 'failed'
                then coalesce(
                    {{ line_text('object.last_payment_error.decline_code') }},
                    {{ line_text('object.last_payment_error.code') }},
                    {{ free_text('object.last_payment_error.message') }},
                    {{ line_text('object.outcome.reason') }},
                    {{ line_text('object.failure_code') }},
                    {{ free_text('object.failure_message') }}
                )
            when 'disputed' then {{ line_text('object.reason') }}
        end as failure_reason
    from classified

)

select * from final
