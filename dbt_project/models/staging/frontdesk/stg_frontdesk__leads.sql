{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['lead.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type = 'lead.created'

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "lead_id": "VARCHAR", "channel": "VARCHAR", "medium": "VARCHAR", "campaign": "VARCHAR",
                "interest": "VARCHAR",
                {{ canonical_contact_shape() }}
            }'
        ) as fact
    from events

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        -- As with contacts' ids: two systems number their leads alike, and a lead's id tells who it is about.
        source || ':' || coalesce({{ line_text('fact.lead_id') }}, source_event_id) as lead_id,
        {{ line_text('fact.channel') }} as channel,
        {{ line_text('fact.medium') }} as medium,
        {{ line_text('fact.campaign') }} as campaign,
        {{ line_text('fact.interest') }} as interest
    from parsed

)

select * from final
