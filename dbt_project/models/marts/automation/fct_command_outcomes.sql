{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['engagement', 'message']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}
    where fact_family in ('engagement', 'message')

),

told as (

    select * from facts
    where starts_with(command_key, tenant_id || '/')

),

-- What the provider says later of a message names the message alone.
receipts as (

    select
        tenant_id,
        message_id,
        min(occurred_at) filter (where message_status in ('delivered', 'read')) as delivered_at,
        min(occurred_at) filter (where message_status in ('failed', 'undelivered')) as undelivered_at,
        max(error_code) as error_code
    from facts
    where fact_family = 'message' and command_key is null
    group by tenant_id, message_id

),

folded as (

    select
        tenant_id,
        command_key,
        arg_max(contact_id, fact_order) as contact_id,
        max(message_id) as message_id,
        min(occurred_at) filter (
            where fact_type in ('message.sent', 'task.created', 'webhook.delivered')
        ) as done_at,
        max(occurred_at) filter (
            where fact_type in ('message.failed', 'webhook.failed', 'task.failed')
        ) as failed_at,
        max(occurred_at) filter (
            where fact_type in ('message.suppressed', 'webhook.suppressed', 'task.suppressed')
        ) as suppressed_at,
        max(occurred_at) filter (
            where fact_type in ('message.uncertain', 'webhook.uncertain')
        ) as uncertain_at,
        arg_max(detail, fact_order) as reason,
        arg_max(error_code, fact_order) as error_code
    from told
    group by tenant_id, command_key

),

final as (

    select
        folded.tenant_id,
        folded.command_key,
        split_part(folded.command_key, '/', 2) as rule_id,
        split_part(folded.command_key, '/', 3) as command_type,
        folded.contact_id,
        folded.message_id,
        case
            when receipts.delivered_at is not null then 'delivered'
            when folded.done_at is not null and receipts.undelivered_at is not null then 'undelivered'
            when folded.done_at is not null then 'done'
            when folded.failed_at is not null then 'failed'
            when folded.suppressed_at is not null then 'suppressed'
            else 'uncertain'
        end as outcome,
        folded.done_at,
        receipts.delivered_at,
        -- What failed and went out, or arrived, after all has not failed.
        case
            when receipts.delivered_at is null
                then coalesce(receipts.undelivered_at, if(folded.done_at is null, folded.failed_at, null))
        end as failed_at,
        folded.suppressed_at,
        folded.uncertain_at,
        folded.reason,
        coalesce(folded.error_code, receipts.error_code) as error_code
    from folded
    left join receipts
        on folded.tenant_id = receipts.tenant_id and folded.message_id = receipts.message_id

)

select * from final
