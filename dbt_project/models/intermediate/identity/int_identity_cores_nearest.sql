{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'inline'}}) }}

with reached as materialized (

    select * from {{ ref('int_identity_cores_reached') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions') }}

),

-- Each side of a decision that records of one component are of different people.
disputed as (

    select
        unnest([identifier_key_a, identifier_key_b]) as identifier_key,
        unnest([identifier_key_b, identifier_key_a]) as other_key
    from decisions
    where decision = 'different_people' and is_of_one_component

),

nearest_strong as (

    select
        identifier_key,
        distance,
        list_sort(list(core_key)) as core_keys
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

final as (

    select
        identifier_key,
        distance as core_distance,
        list_sort(list(core_key)) as core_keys
    from reached
    where is_strong or core_key in (select t.identifier_key from told_apart as t)
    group by identifier_key, distance
    qualify row_number() over (partition by identifier_key order by distance) = 1

)

select * from final
