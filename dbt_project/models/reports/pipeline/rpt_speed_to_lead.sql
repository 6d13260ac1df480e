with leads as (

    select * from {{ ref('fct_timeline') }}
    where type = 'lead.created'

),

answers as (

    select * from {{ ref('fct_messages') }}
    where direction = 'outbound' and status not in ('undelivered', 'failed')

),

final as (

    select
        leads.tenant_id,
        leads.timeline_key as lead_key,
        leads.contact_id,
        leads.occurred_at as lead_at,
        leads.source,
        answers.created_at as first_response_at,
        answers.channel as first_response_channel,
        answers.message_key as first_response_key,
        floor(epoch(answers.created_at) - epoch(leads.occurred_at))::bigint as response_seconds
    from leads
    asof left join answers
        on leads.contact_id = answers.contact_id and leads.occurred_at <= answers.created_at

)

select * from final
