{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['made-up.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type = 'made-up.thing.happened'

),

parsed as (

    select
        *,
        from_json(payload, '{"who": {"phone": "VARCHAR", "name": "VARCHAR"}, "thing": "VARCHAR"}') as happened
    from events

),

final as (

    select
        {{ event_columns() }},
        'lead.created' as fact_type,
        {{ contact_columns(phone='happened.who.phone', full_name='happened.who.name') }},
        cast(null as varchar) as lead_id,
        'made up' as channel,
        cast(null as varchar) as medium,
        cast(null as varchar) as campaign,
        {{ line_text('happened.thing') }} as interest
    from parsed

)

select * from final
