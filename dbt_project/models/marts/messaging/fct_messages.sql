{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['message']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}
    where fact_family = 'message'

),

-- Receipts come in any order: a message's state is the furthest it got, never the last that was heard.
ranked as (

    select
        *,
        case message_status
            when 'queued' then 1
            when 'sending' then 2
            when 'sent' then 3
            when 'received' then 4
            when 'delivered' then 5
            when 'undelivered' then 5
            when 'failed' then 5
            when 'read' then 6
            else 0
        end as progress
    from facts

),

folded as (

    select
        tenant_id,
        message_id,
        arg_min(source, fact_order) as source,
        coalesce(
            arg_max(contact_id, fact_order) filter (where has_person), arg_max(contact_id, fact_order)
        ) as contact_id,
        arg_max(booking_id, fact_order) as booking_id,
        arg_max(command_key, fact_order) as command_key,
        arg_max(channel, fact_order) as channel,
        arg_max(direction, fact_order) as direction,
        arg_max(message_status, row(progress, fact_order)) as status,
        arg_max(body, fact_order) as body,
        arg_max(from_address, fact_order) as from_address,
        arg_max(to_address, fact_order) as to_address,
        arg_max(error_code, fact_order) as error_code,
        arg_max(opt_out_type, fact_order) as opt_out_type,
        arg_max(attachments, fact_order) as attachments,
        arg_max(event_id, fact_order) filter (where attachments is not null) as attachments_event_id,
        min(occurred_at) as created_at,
        min(occurred_at) filter (where message_status = 'delivered') as delivered_at,
        min(occurred_at) filter (where message_status in ('failed', 'undelivered')) as failed_at,
        max(occurred_at) as last_changed_at,
        arg_max(event_id, fact_order) as last_event_id
    from ranked
    group by tenant_id, message_id

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'message_id']) }} as message_key,
        message_id,
        source,
        contact_id,
        coalesce(booking_id, {{ booking_of_command('command_key') }}) as booking_id,
        coalesce(channel, 'sms') as channel,
        coalesce(direction, 'outbound') as direction,
        coalesce(status, 'sent') as status,
        body,
        from_address,
        to_address,
        error_code,
        opt_out_type,
        attachments,
        attachments_event_id,
        created_at,
        delivered_at,
        failed_at,
        last_changed_at,
        last_event_id
    from folded

)

select * from final
