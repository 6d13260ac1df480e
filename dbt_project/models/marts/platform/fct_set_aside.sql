{{ config(tags=['live'], meta={'live': {'mode': 'replace_all'}}) }}

with set_aside as (

    select * from {{ ref('stg_event_log__set_aside') }}

),

final as (

    select
        tenant_id,
        {{ hash_key(['kind', "coalesce(tenant_id, '')", 'subject']) }} as set_aside_key,
        kind,
        subject,
        step,
        reason,
        count_times,
        set_aside_at,
        last_seen_at,
        let_in_at,
        let_in_at is null as is_set_aside
    from set_aside

)

select * from final
