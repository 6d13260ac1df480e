{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'identifier_key', 'scope': 'scope_identifiers'}},
    indexes=[{'columns': ['identifier_key']}, {'columns': ['scope_key']}]
) }}

-- SQLFluff can't parse `using key` below, which makes the recursion update its rows in place of gathering them.
-- Materialized: it is read three times.
with recursive observed as materialized (  -- noqa: PRS

    select distinct
        identifier_key,
        primary_identifier_key
    from {{ ref('int_identifiers_observed') }}

),

decisions as materialized (

    select distinct
        identifier_key_a,
        identifier_key_b
    from {{ ref('stg_frontdesk__identity_decisions') }}
    where identifier_key_a is not null

),

-- What a decision names is here before any record does, so that the record finds the decision when it comes.
known as (

    select identifier_key from observed
    union
    select unnest([identifier_key_a, identifier_key_b]) as identifier_key from decisions

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

    select
        identifier_key,
        identifier_key as component_key
    from known
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

-- Decisions don't connect identifiers as records do; but what they name is looked at together.
judged as (

    select
        component_a.component_key as from_key,
        component_b.component_key as to_key
    from decisions
    inner join components as component_a on decisions.identifier_key_a = component_a.identifier_key
    inner join components as component_b on decisions.identifier_key_b = component_b.identifier_key
    where component_a.component_key <> component_b.component_key

),

judged_both_ways as materialized (

    select * from judged
    union
    select
        to_key as from_key,
        from_key as to_key
    from judged

),

judged_together (component_key, other_key) as (

    select
        from_key as component_key,
        from_key as other_key
    from judged_both_ways
    union
    select
        judged_together.component_key,
        judged_both_ways.to_key as other_key
    from judged_together
    inner join judged_both_ways on judged_together.other_key = judged_both_ways.from_key

),

scopes as (

    select
        component_key,
        min(other_key) as scope_key
    from judged_together
    group by component_key

),

final as (

    select
        components.identifier_key,
        components.component_key,
        coalesce(scopes.scope_key, components.component_key) as scope_key
    from components
    left join scopes on components.component_key = scopes.component_key

)

select * from final
