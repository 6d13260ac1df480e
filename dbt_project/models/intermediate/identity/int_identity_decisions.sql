{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with decisions as (

    select * from {{ ref('stg_frontdesk__identity_decisions') }}
    where identifier_key_a is not null and decision in ('same_person', 'different_people')

),

components as (

    select * from {{ ref('int_identity_components') }}

),

newest as (

    select *
    from decisions
    qualify row_number() over (
        partition by identifier_key_a, identifier_key_b
        order by occurred_at desc, source_event_id desc, source desc
    ) = 1

),

final as (

    select
        newest.identifier_key_a,
        newest.identifier_key_b,
        newest.decision,
        component_a.component_key = component_b.component_key as is_of_one_component,
        newest.decided_by,
        newest.occurred_at as decided_at,
        newest.event_id as decision_event_id
    from newest
    inner join components as component_a on newest.identifier_key_a = component_a.identifier_key
    inner join components as component_b on newest.identifier_key_b = component_b.identifier_key

)

select * from final
