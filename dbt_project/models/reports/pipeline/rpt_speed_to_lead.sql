with leads as (

    select * from {{ ref('fct_timeline') }}
    where type = 'lead.created'

),

-- A call that nobody took was an attempt; a text that did not arrive was none.
answers as (

    select * from {{ ref('fct_messages') }}
    where
        direction = 'outbound'
        and status <> 'failed'
        and (status <> 'undelivered' or channel = 'call')

),

sent_by_rules as (

    select * from {{ ref('fct_command_outcomes') }}
    where rule_id <> 'manual' and message_id is not null

),

human_answers as (

    select answers.*
    from answers
    anti join sent_by_rules
        on answers.tenant_id = sent_by_rules.tenant_id and answers.message_id = sent_by_rules.message_id

),

final as (

    select
        leads.tenant_id,
        leads.timeline_key as lead_key,
        leads.contact_id,
        leads.occurred_at as lead_at,
        leads.source,
        answers.created_at as first_answer_at,
        answers.channel as first_answer_channel,
        answers.message_key as first_answer_key,
        floor(epoch(answers.created_at) - epoch(leads.occurred_at))::bigint as first_answer_seconds,
        human_answers.created_at as first_human_answer_at,
        human_answers.channel as first_human_answer_channel,
        human_answers.message_key as first_human_answer_key,
        floor(epoch(human_answers.created_at) - epoch(leads.occurred_at))::bigint as first_human_answer_seconds
    from leads
    asof left join answers
        on
            leads.tenant_id = answers.tenant_id
            and leads.contact_id = answers.contact_id
            and leads.occurred_at <= answers.created_at
    asof left join human_answers
        on
            leads.tenant_id = human_answers.tenant_id
            and leads.contact_id = human_answers.contact_id
            and leads.occurred_at <= human_answers.created_at

)

select * from final
