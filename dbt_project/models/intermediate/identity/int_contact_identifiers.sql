{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'identifier_key', 'scope': 'scope_identifiers'}},
    indexes=[{'columns': ['identifier_key']}, {'columns': ['contact_id']}]
) }}

with recursive observed as materialized (

    select * from {{ rows_of_batch('int_identifiers_in_scope') }}

),

components as (

    select * from {{ rows_of_batch('int_identity_components') }}

),

identifiers as materialized (

    select
        observed.identifier_key,
        observed.tenant_id,
        observed.identifier_kind,
        observed.identifier_value,
        observed.identifier_use,
        observed.identifier_rank,
        components.component_key,
        count(distinct observed.event_id) as count_events,
        min(observed.occurred_at) as first_observed_at,
        arg_min(observed.event_id, row(observed.occurred_at, observed.source_event_id)) as first_event_id,
        arg_min(observed.source, row(observed.occurred_at, observed.source_event_id)) as first_source
    from observed
    inner join components on observed.identifier_key = components.identifier_key
    group by all

),

decisions as materialized (

    select * from {{ rows_of_batch('int_identity_decisions') }}

),

-- Each side of a decision that records of one component are of different people.
disputed as materialized (

    select
        identifier_key_a as identifier_key,
        identifier_key_b as other_key
    from decisions
    where decision = 'different_people' and is_of_one_component
    union all
    select
        identifier_key_b as identifier_key,
        identifier_key_a as other_key
    from decisions
    where decision = 'different_people' and is_of_one_component

),

-- Two different strong identifiers (phones) are never merged silently: where a component holds several, each
-- is the core of a contact of its own and the rest go to the core they are nearest to. What staff say is another
-- person's may be a core too.
possible_cores as (

    select
        identifier_key,
        component_key,
        identifier_use = 'strong' as is_strong
    from identifiers
    where identifier_use = 'strong' or identifier_key in (select d.identifier_key from disputed as d)

),

contested as (

    select
        component_key,
        count(*) as count_cores
    from possible_cores
    group by component_key
    having count(*) > 1

),

links as (

    select distinct
        observed.identifier_key as from_key,
        observed.primary_identifier_key as to_key
    from observed
    inner join components on observed.identifier_key = components.identifier_key
    inner join contested on components.component_key = contested.component_key
    where observed.identifier_key <> observed.primary_identifier_key

),

neighbours as (

    select
        from_key,
        to_key
    from links
    union
    select
        to_key as from_key,
        from_key as to_key
    from links

),

-- Weak cores are passed through: what is beyond one is nearer to it than to any core before it.
reached (identifier_key, core_key, is_strong, distance) as (

    select
        possible_cores.identifier_key,
        possible_cores.identifier_key as core_key,
        possible_cores.is_strong,
        0 as distance
    from possible_cores
    inner join contested on possible_cores.component_key = contested.component_key
    union
    select
        neighbours.to_key as identifier_key,
        reached.core_key,
        reached.is_strong,
        reached.distance + 1 as distance
    from reached
    inner join neighbours on reached.identifier_key = neighbours.from_key
    inner join identifiers on neighbours.to_key = identifiers.identifier_key
    where identifiers.identifier_use <> 'strong' and reached.distance < 8

),

nearest_strong as (

    select
        identifier_key,
        distance,
        list_sort(list(distinct core_key)) as core_keys
    from reached
    where is_strong and identifier_key in (select d.identifier_key from disputed as d)
    group by identifier_key, distance
    qualify row_number() over (partition by identifier_key order by distance) = 1

),

-- A core because staff say so: where the two would be one contact, the one that is further from its phone, or both.
-- A record that names the phone itself (distance 1) outweighs them: it is that phone's.
told_apart as (

    select distinct disputed.identifier_key
    from disputed
    left join nearest_strong as own on disputed.identifier_key = own.identifier_key
    left join nearest_strong as other on disputed.other_key = other.identifier_key
    where
        own.core_keys is not distinct from other.core_keys
        and coalesce(own.distance, 99) >= coalesce(other.distance, 99)
        and coalesce(own.distance, 99) > 1

),

nearest as (

    select
        identifier_key,
        distance,
        list_sort(list(distinct core_key)) as core_keys
    from reached
    where is_strong or core_key in (select t.identifier_key from told_apart as t)
    group by identifier_key, distance
    qualify row_number() over (partition by identifier_key order by distance) = 1

),

grouped as materialized (

    select
        identifiers.*,
        coalesce(nearest.core_keys, []) as core_keys,
        nearest.distance as core_distance,
        -- One core: its contact. Several equally near: a contact of its own that they share.
        identifiers.component_key::varchar || coalesce(nearest.core_keys::varchar, '') as evidence_group
    from identifiers
    left join nearest on identifiers.identifier_key = nearest.identifier_key

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

persons as (

    select
        grouped.* exclude (grouped.evidence_group),
        coalesce(settled.person_group, merged.person_group, grouped.evidence_group) as contact_group
    from grouped
    left join merged on grouped.evidence_group = merged.evidence_group
    left join settled on grouped.evidence_group = settled.evidence_group

),

-- A contact's id is the key of the identifier it was first seen by, persons' before entities': it does not
-- depend on the order of arrival and stays as later identifiers join.
anchors as (

    select
        contact_group,
        arg_min(
            identifier_key, row(identifier_use = 'entity', first_observed_at, identifier_rank, identifier_value)
        )::varchar as contact_id
    from persons
    group by contact_group

),

final as (

    select
        persons.* exclude (persons.contact_group),
        anchors.contact_id
    from persons
    inner join anchors on persons.contact_group = anchors.contact_group

)

select * from final
