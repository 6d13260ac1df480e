{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['tenant.']}}) }}

with sources as (

    select * from {{ ref('stg_tenants__sources') }}

),

final as (

    select
        tenant_id,
        source
    from sources

)

select * from final
