{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['consent.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type in ('consent.granted', 'consent.revoked')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "channel": "VARCHAR", "purpose": "VARCHAR", "evidence": "VARCHAR",
                {{ canonical_contact_shape() }}
            }'
        ) as fact
    from events

),

understood as (

    -- A channel that is not understood is a refusal of everything, and no consent at all.
    select
        *,
        {{ row_only_if("
            type = 'consent.revoked' or fact.channel in ('sms', 'email', 'whatsapp', 'call', 'all')
        ") }} as is_understood
    from parsed

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        case
            when fact.channel in ('sms', 'email', 'whatsapp', 'call', 'all') then fact.channel
            else 'all'
        end as channel,
        case when fact.purpose in ('marketing', 'transactional', 'all') then fact.purpose else 'all' end as purpose,
        type = 'consent.granted' as is_granted,
        {{ free_text('fact.evidence') }} as evidence
    from understood

)

select * from final
