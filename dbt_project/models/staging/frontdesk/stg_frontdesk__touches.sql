{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['touch.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type = 'touch.recorded'

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "channel": "VARCHAR", "medium": "VARCHAR", "campaign": "VARCHAR", "cost_minor": "VARCHAR",
                "currency": "VARCHAR",
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
        {{ line_text('fact.channel') }} as channel,
        {{ line_text('fact.medium') }} as medium,
        {{ line_text('fact.campaign') }} as campaign,
        {{ whole_number('fact.cost_minor') }} as cost_minor,
        {{ currency_code('fact.currency') }} as currency
    from parsed

)

select * from final
