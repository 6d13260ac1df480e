{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select
        *,
        md5(concat_ws('|', fact_type, {{ told_thing() }})) as thing_key
    from {{ ref('int_facts_attributed') }}
    where not {{ is_keyword_reply() }}

),

scoring as (

    select * from {{ ref('stg_tenants__scoring') }}

),

final as (

    select
        facts.tenant_id,
        {{ hash_key(
            ['facts.tenant_id', 'facts.contact_id', 'facts.source', 'facts.source_event_id', 'facts.thing_key']
        ) }} as points_key,
        facts.contact_id,
        facts.fact_type,
        scoring.fact_points[facts.fact_type] as points,
        facts.occurred_at,
        -- Several deliveries can tell of one thing; the first of them counts.
        row_number() over (
            partition by facts.tenant_id, facts.contact_id, facts.thing_key
            order by facts.occurred_at, facts.source, facts.source_event_id
        ) = 1 as is_counted,
        facts.thing_key,
        facts.event_id,
        facts.received_at,
        facts.sequence,
        scoring.warmness_version as weights_version
    from facts
    inner join scoring on facts.tenant_id = scoring.tenant_id
    where scoring.fact_points[facts.fact_type] is not null
    qualify row_number() over (
        partition by facts.tenant_id, facts.contact_id, facts.source, facts.source_event_id, facts.thing_key
        order by facts.fact_order
    ) = 1

)

select * from final
