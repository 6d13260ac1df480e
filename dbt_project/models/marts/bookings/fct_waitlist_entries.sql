{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select
        *,
        attributes ->> '$.entry_id' as entry_id
    from {{ ref('int_facts_attributed') }}
    where entity_kind in ('waitlist_entry', 'waitlist_offer')

),

-- Each fact tells all of its entry, so the newest is how it stands.
folded as (

    select
        tenant_id,
        entry_id,
        arg_max(contact_id, fact_order) as contact_id,
        arg_max(service_key, fact_order) as service_key,
        arg_max(service_name, fact_order) as service_name,
        arg_max(attributes, fact_order) as attributes,
        min(occurred_at) as joined_at,
        arg_max(if(fact_type = 'waitlist.offered', row(starts_at, attributes), null), fact_order) as offer,
        min(occurred_at) filter (where fact_type = 'waitlist.offered') as first_offered_at,
        count(*) filter (where fact_type = 'waitlist.offered') as count_offers,
        count(*) filter (where fact_type = 'waitlist.declined') as count_declined,
        count(*) filter (where fact_type = 'waitlist.expired') as count_expired,
        max(occurred_at) as last_changed_at,
        arg_max(event_id, fact_order) as last_event_id
    from facts
    group by tenant_id, entry_id

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'entry_id']) }} as entry_key,
        entry_id,
        contact_id,
        service_key,
        service_name,
        attributes ->> '$.person' as person_key,
        coalesce(attributes ->> '$.status', 'waiting') as status,
        (attributes ->> '$.starts_from')::timestamptz as starts_from,
        (attributes ->> '$.starts_until')::timestamptz as starts_until,
        joined_at,
        first_offered_at,
        offer[1] as offered_starts_at,
        (offer[2] ->> '$.expires_at')::timestamptz as offer_expires_at,
        count_offers,
        count_declined,
        count_expired,
        if(attributes ->> '$.status' = 'accepted', attributes ->> '$.booking_id', null) as booking_id,
        last_changed_at,
        last_event_id
    from folded

)

select * from final
