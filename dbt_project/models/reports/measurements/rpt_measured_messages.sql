with messages as (

    select * from {{ ref('fct_messages') }}

),

outcomes as (

    select * from {{ ref('fct_command_outcomes') }}

),

final as (

    select
        tenant_id,
        if(direction = 'inbound', 'messages_in', 'messages_out') as metric,
        message_key as source_key,
        message_key as entity_key,
        contact_id,
        created_at as measured_at
    from messages

    union all by name

    select
        tenant_id,
        unnest(['commands_sent', 'commands_failed']) as metric,
        command_key as source_key,
        command_key as entity_key,
        contact_id,
        unnest([done_at, failed_at]) as measured_at
    from outcomes

)

select * from final
