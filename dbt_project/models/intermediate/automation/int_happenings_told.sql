{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'inline'}}) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}

),

payments as (

    select * from {{ ref('int_payment_facts') }}

),

-- Several deliveries can tell of one thing; each fact about a booking is one of its own.
things as (

    select
        *,
        {{ told_happening() }} as thing
    from facts

),

-- What a person of the business asked to send and could not be sent.
failed_requests as (

    select
        tenant_id,
        split_part(command_key, '/', 4) as request_id,
        arg_max(fact_type, fact_order) in ('message.failed', 'message.suppressed') as is_failed
    from things
    where command_key is not null and split_part(command_key, '/', 2) = 'manual' and starts_with(fact_type, 'message.')
    group by tenant_id, request_id

),

messages as (

    select
        *,
        min(occurred_at) over of_entity as first_told_at,
        bool_or(coalesce(split_part(command_key, '/', 2) <> 'manual', false)) over of_entity as is_of_a_rule,
        arg_max(message_status, fact_order) filter (
            where message_status in ('delivered', 'undelivered', 'failed', 'read')
        ) over of_entity as arrival
    from things
    window of_entity as (partition by tenant_id, fact_family, entity_id)

),

-- A text that a person of the business wrote is an answer as much as the customer's own: nobody waits any longer. It
-- is one from when it was first told of, whenever its receipts come; one that did not arrive is none, as in
-- rpt_speed_to_lead.
told as (

    select
        messages.*,
        (messages.fact_type = 'message.requested' and not coalesce(failed_requests.is_failed, false))
        or (
            messages.fact_family = 'message'
            and messages.direction = 'outbound'
            and messages.occurred_at = messages.first_told_at
            and not messages.is_of_a_rule
            and not coalesce(
                messages.arrival = 'failed'
                or (messages.arrival = 'undelivered' and messages.channel is distinct from 'call'),
                false
            )
        ) as is_answer,
        -- What the payment is with this fact: received while any of it is left. A fact that the payments leave out,
        -- such as a refund in another currency, says nothing of it.
        case
            when messages.fact_family <> 'payment' or messages.payment_change = 'failed' then messages.fact_type
            when payments.net_so_far > 0 then 'payment.succeeded'
            when payments.received_so_far > 0 then 'payment.refunded'
            when payments.event_id is not null then messages.fact_type
        end as track_type,
        case
            when messages.part_status in ('won', 'warning_closed', 'prevented') then 'dispute.won'
            when messages.part_status = 'lost' then 'dispute.lost'
            else messages.fact_type
        end as dispute_type
    from messages
    left join failed_requests
        on
            messages.tenant_id = failed_requests.tenant_id
            and if(messages.fact_type = 'message.requested', messages.entity_id, null) = failed_requests.request_id
    left join payments
        on
            messages.tenant_id = payments.tenant_id
            and if(messages.fact_family = 'payment', messages.event_id, null) = payments.event_id

),

final as (

    select
        tenant_id,
        fact_type,
        fact_order,
        occurred_at,
        source_event_id,
        event_id,
        thing,
        unnest([
            { 'fact_type': fact_type, 'scope': 'contact', 'value': contact_id },
            { 'fact_type': fact_type, 'scope': 'booking', 'value': booking_id },
            { 'fact_type': fact_type, 'scope': 'entity', 'value': entity_kind || ':' || entity_id },
            { 'fact_type': track_type, 'scope': 'track', 'value': {{ happening_track() }} },
            {
                'fact_type': dispute_type,
                'scope': 'dispute',
                'value': case when payment_change = 'disputed' then concat_ws('/', payment_id, part_id) end
            },
            {
                'fact_type': 'message.received',
                'scope': 'contact',
                'value': case when is_answer and fact_type <> 'message.received' then contact_id end
            }
        ]) as about
    from told

)

select * from final
