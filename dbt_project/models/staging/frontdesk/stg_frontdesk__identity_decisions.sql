{{ config(
    tags=['live'],
    meta={'live': {
        'mode': 'append', 'column': 'identifier_key_a', 'scope': 'scope_identifiers',
        'event_types': ['identity.'],
        'is_of_business': true
    }},
    indexes=[{'columns': ['identifier_key_a']}]
) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type in ('identity.decided')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "decision": "VARCHAR", "identifiers": [{"kind": "VARCHAR", "value": "VARCHAR"}],
                "by": "VARCHAR", "reason": "VARCHAR"
            }'
        ) as fact
    from events

),

read as (

    select
        *,
        {{ line_text('fact.decision') }} as decision,
        {{ line_text('fact.identifiers[1].kind') }} as kind_1,
        {{ line_text('fact.identifiers[1].value') }} as value_1,
        {{ line_text('fact.identifiers[2].kind') }} as kind_2,
        {{ line_text('fact.identifiers[2].value') }} as value_2
    from parsed

),

keyed as (

    select
        *,
        case
            when kind_1 is not null and value_1 is not null then {{ identifier_key('kind_1', 'value_1') }}
        end as key_1,
        case
            when kind_2 is not null and value_2 is not null then {{ identifier_key('kind_2', 'value_2') }}
        end as key_2
    from read

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        decision,
        -- The pair has no order: two decisions about it, told either way round, are about the same.
        case when key_1 <> key_2 then least(key_1, key_2) end as identifier_key_a,
        case when key_1 <> key_2 then greatest(key_1, key_2) end as identifier_key_b,
        {{ line_text('fact.by') }} as decided_by,
        {{ free_text('fact.reason') }} as reason
    from keyed

)

select * from final
