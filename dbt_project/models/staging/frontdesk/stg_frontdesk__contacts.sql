{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['contact.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type in ('contact.created', 'contact.updated')

),

parsed as (

    select
        *,
        from_json(payload, '{ {{- canonical_contact_shape() -}} }') as fact
    from events

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        cast(null as varchar) as channel,
        false as is_deleted
    from parsed

)

select * from final
