{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

-- depends_on: {{ ref('int_identifiers_observed') }}
-- Not before the batch's identifiers are there, which the scope is read from.
with final as (

    select * from {{ ref('stg_frontdesk__identity_decisions') }}
    where identifier_key_a is not null and {{ only_identifiers_in_scope('identifier_key_a') }}

)

select * from final
