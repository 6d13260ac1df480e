{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

-- Read on its own: the values of the scope are new in every batch, and what reads them by this model keeps its plan.
with final as (

    select * from {{ ref('int_identifiers_observed') }}
    where {{ only_identifiers_in_scope() }}

)

select * from final
