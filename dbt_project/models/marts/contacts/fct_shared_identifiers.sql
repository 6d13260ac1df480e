{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}
    where
        full_name is not null
        and (
            fact_family in ('booking', 'contact', 'lead')
            or (fact_family = 'engagement' and command_key is null)
        )

),

contact_identifiers as (

    select * from {{ ref('int_contact_identifiers') }}

),

named as (

    select
        full_name,
        lower(strip_accents(coalesce(first_name, full_name))) as given_name,
        lower(strip_accents(coalesce(last_name, full_name))) as family_name,
        occurred_at,
        unnest([phone_key, email_key, contact_ref_key]) as identifier_key
    from facts

),

-- A family shares a name, and few have more than five members: what more names share, or three families, is suspicious.
counted as (

    select
        identifier_key,
        count(distinct full_name) as count_names,
        array_to_string(list_sort(list(distinct full_name))[:10], ', ') as names,
        min(occurred_at) as first_observed_at,
        max(occurred_at) as last_observed_at
    from named
    where identifier_key is not null
    group by identifier_key
    having count(distinct family_name) >= 3 or count(distinct given_name) >= 6

),

final as (

    select
        contact_identifiers.tenant_id,
        counted.identifier_key::varchar as identifier_key,
        contact_identifiers.contact_id,
        contact_identifiers.identifier_kind,
        contact_identifiers.identifier_value,
        counted.count_names,
        counted.names,
        counted.first_observed_at,
        counted.last_observed_at
    from counted
    inner join contact_identifiers on counted.identifier_key = contact_identifiers.identifier_key

)

select * from final
