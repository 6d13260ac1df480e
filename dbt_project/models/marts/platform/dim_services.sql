{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['tenant.']}}) }}

with services as (

    select * from {{ ref('stg_tenants__services') }}

),

final as (

    select
        tenant_id,
        service_key,
        name,
        price_minor,
        currency,
        duration_minutes
    from services

)

select * from final
