with decisions as (

    select * from {{ ref('fct_decisions') }}

),

final as (

    select
        tenant_id,
        command_key,
        command_type,
        provider,
        message_class,
        contact_id,
        due_at,
        expires_at,
        payload,
        rule_id,
        rule_version,
        [cause_event_id] as cause_event_ids
    from decisions
    where command_type = 'sync_record' and verdict = 'intended' and stopped_by is null

)

select * from final
