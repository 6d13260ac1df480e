{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with contact_identifiers as (

    select * from {{ ref('int_contact_identifiers') }}

),

-- What two contacts share and no record stands on alone (a family's e-mail) makes no contact of its own; it is told
-- in fct_identity_conflicts.
contacts as (

    select distinct contact_id from {{ ref('int_facts_attributed') }}

),

final as (

    select
        tenant_id,
        identifier_key::varchar as identifier_key,
        contact_id,
        identifier_kind,
        identifier_value,
        identifier_use,
        count_events,
        first_observed_at,
        first_event_id,
        first_source
    from contact_identifiers
    where identifier_use <> 'entity' and contact_id in (select c.contact_id from contacts as c)

)

select * from final
