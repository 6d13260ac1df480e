{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['touch', 'lead']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select
        *,
        coalesce({{ one_spelling('channel') }}, 'unknown') as channel_key,
        list({{ one_spelling('channel') }}) filter (where fact_family = 'touch') over (
            partition by contact_id, occurred_at
        ) as channels_touched
    from {{ ref('int_facts_attributed') }}
    where fact_family in ('touch', 'lead')

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'source', 'source_event_id', 'fact_family']) }} as touchpoint_key,
        contact_id,
        source,
        source_event_id,
        fact_family as kind,
        channel_key as channel,
        lower(medium) as medium,
        campaign,
        cost_minor,
        currency,
        occurred_at,
        -- One form makes touch and lead in one breath: that is one touch, told twice.
        fact_family = 'touch'
        or not (
            coalesce(list_contains(channels_touched, channel_key), false)
            or (channel_key = 'unknown' and coalesce(len(channels_touched), 0) > 0)
        ) as is_attributable,
        event_id
    from facts
    qualify row_number() over (partition by event_id, fact_family order by fact_order) = 1

)

select * from final
