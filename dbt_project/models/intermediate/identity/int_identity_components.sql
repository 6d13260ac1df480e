{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'identifier_key', 'scope': 'scope_identifiers'}},
    indexes=[{'columns': ['identifier_key']}, {'columns': ['component_key']}]
) }}

-- SQLFluff can't parse `using key` below, which makes the recursion update its rows in place of gathering them.
-- Materialized: it is read three times, and by index only once.
with recursive observed as materialized (  -- noqa: PRS

    select distinct
        identifier_key,
        primary_identifier_key
    from {{ ref('int_identifiers_observed') }}
    where {{ only_identifiers_in_scope() }}

),

links as (

    select
        identifier_key as from_key,
        primary_identifier_key as to_key
    from observed
    where identifier_key <> primary_identifier_key
    union all
    select
        primary_identifier_key as from_key,
        identifier_key as to_key
    from observed
    where identifier_key <> primary_identifier_key

),

-- Each identifier takes the smallest key among its neighbours' until nothing changes.
components (identifier_key, component_key) using key (identifier_key) as (

    select distinct
        identifier_key,
        identifier_key as component_key
    from observed
    union
    (
        select
            links.to_key as identifier_key,
            min(changed.component_key) as component_key
        from components as changed
        inner join links on changed.identifier_key = links.from_key
        inner join recurring.components as present on links.to_key = present.identifier_key
        where changed.component_key < present.component_key
        group by links.to_key
    )

),

final as (

    select * from components

)

select * from final
