{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['tenant.']}}) }}

with settings as (

    select * from {{ ref('stg_tenants__attribution') }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

final as (

    select
        settings.tenant_id,
        settings.conversion,
        settings.revenue,
        tenants.currency,
        tenants.zone,
        settings.lookbacks_days,
        settings.half_life_days,
        settings.position_first,
        settings.position_between,
        settings.position_last,
        settings.direct_channels
    from settings
    inner join tenants on settings.tenant_id = tenants.tenant_id

)

select * from final
