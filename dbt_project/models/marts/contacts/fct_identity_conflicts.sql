{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id_a', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id_a']}]
) }}

with contact_identifiers as (

    select * from {{ ref('int_contact_identifiers') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions') }}

),

shared as (

    select
        tenant_id,
        identifier_key,
        identifier_kind,
        identifier_value,
        contact_id,
        first_observed_at,
        unnest(core_keys) as core_key_a,
        core_keys
    from contact_identifiers
    where len(core_keys) > 1 and core_distance = 1

),

pairs as (

    select
        * exclude (core_keys),
        unnest(list_filter(core_keys, lambda core_key: core_key > core_key_a)) as core_key_b
    from shared

),

final as (

    select
        pairs.tenant_id,
        {{ hash_key(['pairs.identifier_key', 'pairs.core_key_a', 'pairs.core_key_b']) }} as conflict_id,
        strong_a.identifier_kind as strong_identifier_kind_a,
        strong_a.identifier_value as strong_identifier_a,
        strong_b.identifier_kind as strong_identifier_kind_b,
        strong_b.identifier_value as strong_identifier_b,
        pairs.identifier_kind as shared_identifier_kind,
        pairs.identifier_value as shared_identifier_value,
        strong_a.contact_id as contact_id_a,
        strong_b.contact_id as contact_id_b,
        pairs.first_observed_at,
        -- As it is in force: two may be one by other decisions, and one that contradicts others leaves them apart.
        case
            when strong_a.contact_id = strong_b.contact_id then 'same_person'
            when decisions.decision = 'different_people' then 'different_people'
            else 'open'
        end as status,
        decisions.decided_by,
        decisions.decided_at,
        decisions.decision_event_id
    from pairs
    inner join contact_identifiers as strong_a on pairs.core_key_a = strong_a.identifier_key
    inner join contact_identifiers as strong_b on pairs.core_key_b = strong_b.identifier_key
    -- core_key_a < core_key_b, as identifier_key_a < identifier_key_b.
    left join decisions
        on pairs.core_key_a = decisions.identifier_key_a and pairs.core_key_b = decisions.identifier_key_b

)

select * from final
