{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['tenant.']}}) }}

with tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

final as (

    select
        tenant_id,
        name,
        industry,
        zone,
        currency,
        country
    from tenants

)

select * from final
