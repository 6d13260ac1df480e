with source as (

    select * from {{ source('raw', 'rule_actions') }}

),

final as (

    select
        tenant_id,
        rule_id,
        command_type,
        case command_type
            when 'send_sms' then 'sms'
            when 'send_email' then 'email'
            when 'create_task' then 'task'
            when 'sync_record' then 'sync'
            when 'call_webhook' then 'webhook'
        end as channel,
        only_fact_channel,
        template,
        settings,
        contact_variables,
        booking_variables,
        fact_variables
    from source

)

select * from final
