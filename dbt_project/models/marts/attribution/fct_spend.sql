{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['spend.']}}) }}

with recorded as (

    select * from {{ ref('stg_frontdesk__spend') }}
    where
        channel is not null
        and period_end >= period_start
        and amount_minor is not null
        and currency is not null

),

-- The tenant's file says who is a business; what others import is in the log alone.
tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

final as (

    select
        recorded.tenant_id,
        {{ hash_key([
            'recorded.tenant_id',
            'recorded.period_start::varchar',
            'recorded.period_end::varchar',
            'to_json([recorded.channel, ' ~ one_spelling('recorded.campaign') ~ '])::varchar',
        ]) }} as spend_key,
        recorded.channel,
        recorded.campaign,
        recorded.period_start,
        recorded.period_end,
        recorded.amount_minor,
        recorded.currency,
        recorded.source,
        recorded.occurred_at as recorded_at,
        recorded.event_id
    from recorded
    inner join tenants on recorded.tenant_id = tenants.tenant_id
    -- A correction replaces what it corrects; by the source's time, so that the order of arrival never matters.
    qualify row_number() over (
        partition by
            recorded.tenant_id,
            recorded.channel,
            {{ one_spelling('recorded.campaign') }},
            recorded.period_start,
            recorded.period_end
        order by recorded.occurred_at desc, recorded.source_event_id desc, recorded.source desc
    ) = 1

)

select * from final
