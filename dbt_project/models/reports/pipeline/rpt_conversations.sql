with messages as (

    select * from {{ ref('fct_messages') }}
    where channel <> 'call'

),

outcomes as (

    select * from {{ ref('fct_command_outcomes') }}
    where message_id is not null

),

-- What a rule sends by itself answers nobody.
told as (

    select
        messages.*,
        messages.direction = 'inbound' and coalesce(messages.opt_out_type not in ('STOP', 'START'), true) as is_question,
        messages.direction = 'outbound' and coalesce(outcomes.rule_id, 'manual') = 'manual' as is_answer
    from messages
    left join outcomes on messages.tenant_id = outcomes.tenant_id and messages.message_id = outcomes.message_id

),

folded as (

    select
        tenant_id,
        contact_id,
        arg_max(struct_pack(channel, direction, body, created_at), row(created_at, message_key)) as newest,
        arg_max(struct_pack(message_id, status, created_at), row(created_at, message_key))
            filter (where is_question) as question,
        max(created_at) filter (where is_answer) as last_answer_at
    from told
    group by tenant_id, contact_id

),

final as (

    select
        tenant_id,
        contact_id,
        newest.channel as last_channel,
        newest.direction as last_direction,
        newest.body as last_body,
        newest.created_at as last_message_at,
        question.message_id as last_question_id,
        question.created_at as last_question_at,
        question is not null
        and question.status <> 'read'
        and coalesce(question.created_at > last_answer_at, true) as needs_reply
    from folded

)

select * from final
