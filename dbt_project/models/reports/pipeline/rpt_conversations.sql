with messages as (

    select * from {{ ref('fct_messages') }}
    where channel <> 'call'

),

outcomes as (

    select * from {{ ref('fct_command_outcomes') }}
    where message_id is not null

),

-- What a rule sends by itself answers nobody, nor does what did not arrive.
told as (

    select
        messages.*,
        row(messages.created_at, messages.message_key) as message_order,
        messages.direction = 'inbound'
        and coalesce(messages.opt_out_type not in ('STOP', 'START'), true) as is_question,
        messages.direction = 'outbound'
        and messages.status not in ('failed', 'undelivered')
        and coalesce(outcomes.rule_id, 'manual') = 'manual' as is_answer
    from messages
    left join outcomes on messages.tenant_id = outcomes.tenant_id and messages.message_id = outcomes.message_id

),

folded as (

    select
        told.tenant_id,
        told.contact_id,
        arg_max_null(told.channel, told.message_order) as last_channel,
        arg_max_null(told.direction, told.message_order) as last_direction,
        arg_max_null(told.body, told.message_order) as last_body,
        max(told.created_at) as last_message_at,
        arg_max(told.message_id, told.message_order) filter (where told.is_question) as last_question_id,
        arg_max_null(told.status, told.message_order) filter (where told.is_question) as last_question_status,
        max(told.created_at) filter (where told.is_question) as last_question_at,
        max(told.created_at) filter (where told.is_answer) as last_answer_at
    from told
    group by told.tenant_id, told.contact_id

),

final as (

    select
        tenant_id,
        contact_id,
        last_channel,
        last_direction,
        last_body,
        last_message_at,
        last_question_id,
        last_question_at,
        last_question_id is not null
        and last_question_status <> 'read'
        and coalesce(last_question_at > last_answer_at, true) as needs_reply
    from folded

)

select * from final
