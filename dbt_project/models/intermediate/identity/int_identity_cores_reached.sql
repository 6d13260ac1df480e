{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'inline'}}) }}

-- A core is what a contact of its own stands around, in a group that has several: two different strong identifiers
-- (phones) are never merged silently. What staff say is another person's may be a core too.
with recursive observed as (

    select * from {{ ref('int_identifiers_observed') }}

),

components as (

    select * from {{ ref('int_identity_components') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions') }}

),

disputed as (

    select unnest([identifier_key_a, identifier_key_b]) as identifier_key
    from decisions
    where decision = 'different_people' and is_of_one_component

),

possible_cores as materialized (

    select distinct
        observed.identifier_key,
        components.component_key,
        observed.identifier_use = 'strong' as is_strong
    from observed
    inner join components on observed.identifier_key = components.identifier_key
    where observed.identifier_use = 'strong' or observed.identifier_key in (select d.identifier_key from disputed as d)

),

contested as materialized (

    select component_key
    from possible_cores
    group by component_key
    having count(*) > 1

),

members as materialized (

    select distinct
        observed.identifier_key,
        observed.primary_identifier_key,
        observed.identifier_use
    from observed
    inner join components on observed.identifier_key = components.identifier_key
    inner join contested on components.component_key = contested.component_key

),

neighbours as (

    select
        identifier_key as from_key,
        primary_identifier_key as to_key
    from members
    where identifier_key <> primary_identifier_key
    union
    select
        primary_identifier_key as from_key,
        identifier_key as to_key
    from members
    where identifier_key <> primary_identifier_key

),

-- Strong identifiers are reached from themselves alone.
ways as materialized (

    select distinct
        neighbours.from_key,
        neighbours.to_key
    from neighbours
    inner join members on neighbours.to_key = members.identifier_key
    where members.identifier_use <> 'strong'

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
        ways.to_key as identifier_key,
        reached.core_key,
        reached.is_strong,
        reached.distance + 1 as distance
    from reached
    inner join ways on reached.identifier_key = ways.from_key
    where reached.distance < 8

),

final as (

    select
        identifier_key,
        core_key,
        is_strong,
        min(distance) as distance
    from reached
    group by identifier_key, core_key, is_strong

)

select * from final
