{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['touch', 'lead']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ attributed_facts() }}
    where fact_family in ('touch', 'lead')

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'source', 'source_event_id', 'fact_family']) }} as touchpoint_key,
        contact_id,
        source,
        coalesce(lower(channel), 'unknown') as channel,
        lower(medium) as medium,
        campaign,
        cost_minor,
        currency,
        occurred_at,
        event_id
    from facts
    qualify row_number() over (partition by event_id, fact_family order by fact_order) = 1

)

select * from final
