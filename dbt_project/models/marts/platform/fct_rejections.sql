{{ config(tags=['live'], meta={'live': {'mode': 'replace_all'}}) }}

with rejections as (

    select * from {{ ref('stg_event_log__rejection_counts') }}

),

final as (

    select
        tenant_id,
        source,
        reason,
        rejected_date,
        count_rejections,
        last_rejected_at
    from rejections

)

select * from final
