{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'identifier_key', 'scope': 'scope_identifiers'}},
    indexes=[{'columns': ['identifier_key']}, {'columns': ['contact_id']}]
) }}

with recursive observed as materialized (

    select * from {{ ref('int_identifiers_observed') }}
    where {{ only_identifiers_in_scope() }}

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

-- Two different strong identifiers (phones) are never merged silently: where a component holds several, each
-- is the core of a contact of its own and the rest go to the core they are nearest to.
contested as (

    select
        component_key,
        count(*) as count_cores
    from identifiers
    where identifier_use = 'strong'
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

reached (identifier_key, core_key, distance) as (

    select
        identifiers.identifier_key,
        identifiers.identifier_key as core_key,
        0 as distance
    from identifiers
    inner join contested on identifiers.component_key = contested.component_key
    where identifiers.identifier_use = 'strong'
    union
    select
        neighbours.to_key as identifier_key,
        reached.core_key,
        reached.distance + 1 as distance
    from reached
    inner join neighbours on reached.identifier_key = neighbours.from_key
    inner join identifiers on neighbours.to_key = identifiers.identifier_key
    where identifiers.identifier_use <> 'strong' and reached.distance < 8

),

nearest as (

    select
        identifier_key,
        distance,
        list_sort(list(distinct core_key)) as core_keys
    from reached
    group by identifier_key, distance
    qualify row_number() over (partition by identifier_key order by distance) = 1

),

grouped as (

    select
        identifiers.*,
        coalesce(nearest.core_keys, []) as core_keys,
        nearest.distance as core_distance,
        -- One core: its contact. Several equally near: a contact of its own that they share.
        identifiers.component_key::varchar || coalesce(nearest.core_keys::varchar, '') as contact_group
    from identifiers
    left join nearest on identifiers.identifier_key = nearest.identifier_key

),

-- A contact's id is the key of the identifier it was first seen by, persons' before entities': it does not
-- depend on the order of arrival and stays as later identifiers join.
anchors as (

    select
        contact_group,
        arg_min(
            identifier_key, row(identifier_use = 'entity', first_observed_at, identifier_rank, identifier_value)
        )::varchar as contact_id
    from grouped
    group by contact_group

),

final as (

    select
        grouped.* exclude (grouped.contact_group),
        anchors.contact_id
    from grouped
    inner join anchors on grouped.contact_group = anchors.contact_group

)

select * from final
