-- The identifiers that the new events name, and all that were in one component with them before.
with new_identifiers as (

    select distinct identifier_key
    from {{ ref('int_identifiers_observed') }}
    where {{ only_new_events() }}

),

components as (

    select * from {{ ref('int_identity_components') }}

),

touched as (

    select distinct components.component_key
    from components
    where components.identifier_key in (select n.identifier_key from new_identifiers as n)

)

select new_identifiers.identifier_key from new_identifiers
union
select components.identifier_key
from components
where components.component_key in (select t.component_key from touched as t)
