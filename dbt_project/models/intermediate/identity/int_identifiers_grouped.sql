{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'inline'}}) }}

with observed as (

    select * from {{ ref('int_identifiers_observed') }}

),

components as (

    select * from {{ ref('int_identity_components') }}

),

nearest_cores as (

    select * from {{ ref('int_identity_cores_nearest') }}

),

identifiers as (

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

final as (

    select
        identifiers.*,
        coalesce(nearest_cores.core_keys, []) as core_keys,
        nearest_cores.core_distance,
        -- One core: its contact. Several equally near: a contact of its own that they share.
        identifiers.component_key::varchar || coalesce(nearest_cores.core_keys::varchar, '') as evidence_group
    from identifiers
    left join nearest_cores on identifiers.identifier_key = nearest_cores.identifier_key

)

select * from final
