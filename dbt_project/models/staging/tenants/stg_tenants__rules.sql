with source as (

    select * from {{ source('raw', 'rules') }}

),

final as (

    select
        tenant_id,
        rule_id,
        rule_version,
        facts,
        anchor,
        to_seconds(offset_seconds) as due_offset,
        once_per,
        message_class,
        booking_is,
        unless_happened,
        undone_by,
        conditions,
        holdout_percent,
        is_shadow
    from source

)

select * from final
