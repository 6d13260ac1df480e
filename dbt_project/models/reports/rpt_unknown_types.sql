with activity as (

    select * from {{ ref('fct_source_activity') }}
    where not is_known_type

),

final as (

    select
        tenant_id,
        source,
        type,
        sum(count_events)::bigint as count_events,
        max(last_occurred_at) as last_occurred_at,
        max(last_received_at) as last_received_at
    from activity
    group by tenant_id, source, type

)

select * from final
