{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['stripe.']}}) }}

-- One row per event that says something about money. Several objects describe one payment; they meet in
-- payment_id, which is the payment intent wherever the object names one. Invoices are left out on purpose: the
-- payment intent behind an invoice sends its own events, and counting both would count the money twice. For the
-- same reason checkout sessions of subscriptions (paid by an invoice) are left out.
with events as (

    select
        *,
        regexp_extract(
            type, '^stripe\.(payment_intent|checkout\.session|charge\.dispute|charge\.refund|refund|charge)\.', 1
        ) as about
    from {{ ref('stg_event_log__events') }}
    where
        source = 'stripe'
        and type in (
            'stripe.payment_intent.amount_capturable_updated',
            'stripe.payment_intent.canceled',
            'stripe.payment_intent.payment_failed',
            'stripe.payment_intent.processing',
            'stripe.payment_intent.requires_action',
            'stripe.payment_intent.succeeded',
            'stripe.charge.captured',
            'stripe.charge.expired',
            'stripe.charge.failed',
            'stripe.charge.pending',
            'stripe.charge.refunded',
            'stripe.charge.succeeded',
            'stripe.charge.updated',
            'stripe.charge.refund.updated',
            'stripe.refund.created',
            'stripe.refund.failed',
            'stripe.refund.updated',
            'stripe.charge.dispute.closed',
            'stripe.charge.dispute.created',
            'stripe.charge.dispute.funds_reinstated',
            'stripe.charge.dispute.funds_withdrawn',
            'stripe.charge.dispute.updated',
            'stripe.checkout.session.async_payment_failed',
            'stripe.checkout.session.async_payment_succeeded',
            'stripe.checkout.session.completed',
            'stripe.checkout.session.expired'
        )

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{"data": {
                "object": {
                    "id": "VARCHAR", "payment_intent": "VARCHAR", "charge": "VARCHAR", "latest_charge": "VARCHAR",
                    "customer": "VARCHAR",
                    "amount": "VARCHAR", "amount_received": "VARCHAR", "amount_captured": "VARCHAR",
                    "amount_refunded": "VARCHAR", "amount_total": "VARCHAR", "captured": "VARCHAR",
                    "total_details": {"amount_tax": "VARCHAR"}, "automatic_tax": {"enabled": "VARCHAR"},
                    "created": "VARCHAR", "currency": "VARCHAR", "status": "VARCHAR",
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
                    "failure_reason": "VARCHAR", "cancellation_reason": "VARCHAR", "reason": "VARCHAR",
                    "evidence_details": {"due_by": "VARCHAR"}, "balance_transactions": [{"fee": "VARCHAR", "currency": "VARCHAR"}]
                },
                "previous_attributes": {"amount_refunded": "VARCHAR"}
            }}'
        ).data as data
    from events

),

unpacked as (

    select
        *,
        data.object,
        data.previous_attributes.amount_refunded as amount_refunded_before,
        {{ currency_code('data.object.currency') }} as currency
    from parsed

),

classified as (

    select
        *,
        case about
            when 'charge.dispute' then 'disputed'
            when 'refund' then 'refund'
            when 'charge.refund' then 'refund'
            when 'checkout.session'
                then case
                    when type = 'stripe.checkout.session.expired' then 'expired'
                    when type = 'stripe.checkout.session.async_payment_failed' then 'failed'
                    when type = 'stripe.checkout.session.async_payment_succeeded' then 'succeeded'
                    when object.payment_status = 'paid' then 'succeeded'
                    else 'pending'
                end
            when 'payment_intent'
                then case type
                    when 'stripe.payment_intent.succeeded' then 'succeeded'
                    when 'stripe.payment_intent.payment_failed' then 'failed'
                    when 'stripe.payment_intent.canceled' then 'cancelled'
                    else 'pending'
                end
            else
                case
                    when type = 'stripe.charge.refunded' then 'refunded'
                    when type = 'stripe.charge.failed' or object.status = 'failed' then 'failed'
                    when type = 'stripe.charge.expired' then 'cancelled'
                    -- The money of a charge that is only authorised, or of a bank debit under way, is not there yet.
                    when
                        type = 'stripe.charge.pending'
                        or object.status = 'pending'
                        or not {{ yes_or_no('object.captured') }}
                        then 'pending'
                    else 'succeeded'
                end
        end as payment_change,
        -- A state that this model does not know is under way.
        case
            when about in ('refund', 'charge.refund')
                then case coalesce(
                    {{ line_text('object.status') }}, if(type = 'stripe.refund.failed', 'failed', 'pending')
                )
                    when 'succeeded' then 'succeeded'
                    when 'failed' then 'failed'
                    when 'canceled' then 'cancelled'
                    else 'pending'
                end
            when about = 'charge.dispute' then coalesce({{ line_text('object.status') }}, 'needs_response')
        end as part_status,
        {{ row_only_if("
            coalesce(object.payment_status, '') <> 'no_payment_required'
            and coalesce(object.mode, '') not in ('subscription', 'setup')
        ") }} as is_payment
    from unpacked

),

counted as (

    select
        *,
        {{ minor_units_from_stripe('object.amount', 'currency') }} as object_minor,
        {{ minor_units_from_stripe(first_text('object.amount_received', 'object.amount'), 'currency') }}
            as intent_minor,
        {{ minor_units_from_stripe(first_text('object.amount_captured', 'object.amount'), 'currency') }}
            as captured_minor,
        {{ minor_units_from_stripe('object.amount_total', 'currency') }} as total_minor,
        {{ minor_units_from_stripe('object.amount_refunded', 'currency') }} as told_refunded_minor,
        {{ minor_units_from_stripe('amount_refunded_before', 'currency') }} as refunded_before_minor,
        {{ minor_units_from_stripe('object.total_details.amount_tax', 'currency') }} as tax_minor
    from classified

),

-- Of an authorisation captured in part, what is released is told as refunded too.
released as (

    select
        *,
        if(
            about = 'charge' and told_refunded_minor >= object_minor - captured_minor, object_minor - captured_minor, 0
        ) as released_minor
    from counted

),

final as (

    select
        {{ event_columns() }},
        case
            when payment_change = 'refund' then 'refund.' || part_status
            when type = 'stripe.charge.dispute.created' then 'payment.disputed'
            when payment_change = 'disputed' and part_status in ('won', 'lost') then 'dispute.' || part_status
            when payment_change = 'disputed' then 'dispute.updated'
            else 'payment.' || payment_change
        end as fact_type,
        -- Who pays. Name and phone under `shipping` are the receiver's, of a gift somebody else's.
        {{ contact_columns(
            ref_kind='stripe_customer',
            ref='object.customer',
            phone=first_text('object.billing_details.phone', 'object.customer_details.phone'),
            email=first_text(
                'object.receipt_email',
                'object.billing_details.email',
                'object.customer_details.email',
                'object.customer_email'
            ),
            full_name=first_text('object.billing_details.name', 'object.customer_details.name')
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
            -- The amount of a refund or dispute is not the payment's.
            when payment_change in ('refund', 'disputed') then null
            when payment_change in ('succeeded', 'refunded')
                then case about
                    when 'payment_intent' then intent_minor
                    when 'charge' then captured_minor
                    else coalesce(total_minor, object_minor)
                end
            else coalesce(total_minor, object_minor)
        end as amount_minor,
        case when payment_change = 'refunded' then told_refunded_minor - released_minor end as refunded_minor,
        currency,
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
            when 'cancelled' then {{ line_text('object.cancellation_reason') }}
            when 'refund' then {{ line_text('object.failure_reason') }}
            when 'disputed' then {{ line_text('object.reason') }}
        end as failure_reason,
        -- A charge that was given back was taken before, also where nothing told of that.
        case
            when payment_change = 'succeeded' then occurred_at
            when payment_change = 'refunded' and {{ yes_or_no('object.captured') }}
                then coalesce({{ instant_from_unix_seconds('object.created') }}, occurred_at)
        end as paid_at,
        case when part_status is not null then coalesce({{ line_text('object.id') }}, subject_id, source_event_id) end
            as part_id,
        part_status,
        case when part_status is not null then object_minor end as part_minor,
        -- Each movement of the money of a dispute adds to the list. Fees are in the currency of the account: one in
        -- another than the payment's is not told.
        case when payment_change = 'disputed' then coalesce(len(object.balance_transactions), 0) end as part_version,
        case
            when payment_change = 'disputed'
                then list_sum(list_transform(
                    list_filter(
                        object.balance_transactions,
                        lambda movement: coalesce(lower(movement.currency) = lower(object.currency), true)
                    ),
                    lambda movement:
                    if(starts_with(movement.fee, '-'), -1, 1)
                    * {{ minor_units_from_stripe("ltrim(movement.fee, '-')", 'currency') }}
                ))
        end::bigint as fee_minor,
        case
            when payment_change = 'disputed' then {{ instant_from_unix_seconds('object.evidence_details.due_by') }}
        end as respond_by,
        -- What this change of the charge adds to what was given back, or takes from it where a refund has failed. It
        -- is not known where the event does not say what was before: older versions and relays leave that out.
        case
            when type = 'stripe.charge.refunded' and refunded_before_minor is not null
                then greatest(told_refunded_minor - greatest(refunded_before_minor, released_minor), 0)
            when type = 'stripe.charge.updated' then least(told_refunded_minor - refunded_before_minor, 0)
        end as refund_step,
        -- A checkout for which nobody asked Stripe to reckon tax says 0, too: that is not known.
        if(
            about = 'checkout.session' and (tax_minor > 0 or {{ yes_or_no('object.automatic_tax.enabled') }}),
            tax_minor,
            null
        ) as tax_minor,
        {{ line_text("case about
            when 'payment_intent' then object.latest_charge
            when 'charge' then object.id
            else object.charge
        end") }} as charge_id,
        -- 0 stands for a dispute that can't be answered.
        {{ unread_times([(
            'due_not_read',
            "respond_by is not null or payment_change <> 'disputed' or object.evidence_details.due_by = '0'",
            ['object.evidence_details.due_by']
        )]) }} as unread_times
    from released

)

select * from final
