{{ config(
    tags=['live'],
    meta={'live': {
        'mode': 'merge', 'column': 'activity_key',
        'merge': {
            'active_hours': 'bit_or(active_hours)',
            'count_events': 'sum(count_events)::bigint',
            'count_webhook_events': 'sum(count_webhook_events)::bigint',
            'first_occurred_at': 'min(first_occurred_at)',
            'last_occurred_at': 'max(last_occurred_at)',
            'last_received_at': 'max(last_received_at)',
            'last_sequence': 'max(last_sequence)'
        }
    }},
    indexes=[{'columns': ['activity_key']}]
) }}

with logged as (

    select * from {{ ref('stg_event_log__events') }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

events as (

    select
        logged.tenant_id,
        logged.source,
        logged.type,
        -- The tenant's own calendar day: "today" is asked for by people who stand in the shop.
        (logged.occurred_at at time zone tenants.zone)::date as activity_date,
        1 << hour(logged.occurred_at at time zone tenants.zone)::integer as active_hours,
        1::bigint as count_events,
        (logged.origin = 'webhook')::bigint as count_webhook_events,
        logged.occurred_at as first_occurred_at,
        logged.occurred_at as last_occurred_at,
        logged.received_at as last_received_at,
        logged.sequence as last_sequence,
        {{ hash_key(['logged.tenant_id', 'logged.source', 'logged.type', 'activity_date']) }} as activity_key
    from logged
    inner join tenants on logged.tenant_id = tenants.tenant_id

),

known_types as (

    select * from {{ ref('known_event_types') }}

),

summed as (

    select
        tenant_id,
        activity_key,
        source,
        type,
        -- Zoho's types are typed by people: staging reads them in any capitals.
        if(source = 'zoho', lower(type), type) as read_type,
        activity_date,
        bit_or(active_hours)::integer as active_hours,
        sum(count_events)::bigint as count_events,
        sum(count_webhook_events)::bigint as count_webhook_events,
        min(first_occurred_at) as first_occurred_at,
        max(last_occurred_at) as last_occurred_at,
        max(last_received_at) as last_received_at,
        max(last_sequence) as last_sequence
    from events
    group by tenant_id, activity_key, source, type, activity_date

),

final as (

    select
        summed.tenant_id,
        summed.activity_key,
        summed.source,
        summed.type,
        summed.activity_date,
        summed.active_hours,
        summed.count_events,
        summed.count_webhook_events,
        exists(
            select 1
            from known_types
            where
                summed.read_type = known_types.type_pattern
                or (
                    ends_with(known_types.type_pattern, '*')
                    and starts_with(summed.read_type, rtrim(known_types.type_pattern, '*'))
                )
        ) as is_known_type,
        summed.first_occurred_at,
        summed.last_occurred_at,
        summed.last_received_at,
        summed.last_sequence
    from summed

)

select * from final
