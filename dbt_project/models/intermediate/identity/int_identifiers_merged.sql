{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'inline'}}) }}

with recursive grouped as materialized (

    select * from {{ ref('int_identifiers_grouped') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions') }}

),

decided as materialized (

    select
        decisions.decision,
        group_a.evidence_group as from_group,
        group_b.evidence_group as to_group
    from decisions
    inner join grouped as group_a on decisions.identifier_key_a = group_a.identifier_key
    inner join grouped as group_b on decisions.identifier_key_b = group_b.identifier_key
    where group_a.evidence_group <> group_b.evidence_group

),

said_same as (

    select
        from_group,
        to_group
    from decided
    where decision = 'same_person'
    union
    select
        to_group as from_group,
        from_group as to_group
    from decided
    where decision = 'same_person'

),

joined (evidence_group, other_group) as (

    select
        from_group as evidence_group,
        from_group as other_group
    from said_same
    union
    select
        joined.evidence_group,
        said_same.to_group as other_group
    from joined
    inner join said_same on joined.other_group = said_same.from_group

),

-- A chain of "same person" between two that are said to be different is wrong somewhere, and nobody knows where:
-- none of it is used until staff settle it.
contradicted as (

    select distinct joined.evidence_group
    from joined
    inner join joined as others on joined.evidence_group = others.other_group
    inner join decided on joined.other_group = decided.from_group and others.evidence_group = decided.to_group
    where decided.decision = 'different_people'

),

merged as (

    select
        evidence_group,
        min(other_group) as person_group
    from joined
    where evidence_group not in (select c.evidence_group from contradicted as c)
    group by evidence_group

),

of_cores as (

    select
        grouped.identifier_key as core_key,
        coalesce(merged.person_group, grouped.evidence_group) as person_group
    from grouped
    left join merged on grouped.evidence_group = merged.evidence_group
    where grouped.core_distance = 0

),

shared as (

    select distinct
        evidence_group,
        unnest(core_keys) as core_key
    from grouped
    where len(core_keys) > 1

),

-- What several cores share is the person's where they are all one.
settled as (

    select
        shared.evidence_group,
        min(of_cores.person_group) as person_group
    from shared
    inner join of_cores on shared.core_key = of_cores.core_key
    group by shared.evidence_group
    having count(distinct of_cores.person_group) = 1

),

final as (

    select
        grouped.* exclude (grouped.evidence_group),
        coalesce(settled.person_group, merged.person_group, grouped.evidence_group) as contact_group
    from grouped
    left join merged on grouped.evidence_group = merged.evidence_group
    left join settled on grouped.evidence_group = settled.evidence_group

)

select * from final
