{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'identifier_key', 'scope': 'scope_identifiers'}},
    indexes=[{'columns': ['identifier_key']}, {'columns': ['contact_id']}]
) }}

with persons as materialized (

    select * from {{ ref('int_identifiers_merged') }}

),

-- A contact's id is the key of the identifier it was first seen by, persons' before entities': it does not
-- depend on the order of arrival and stays as later identifiers join.
anchors as (

    select
        contact_group,
        arg_min(
            identifier_key, row(identifier_use = 'entity', first_observed_at, identifier_rank, identifier_value)
        )::varchar as contact_id
    from persons
    group by contact_group

),

final as (

    select
        persons.* exclude (persons.contact_group),
        anchors.contact_id
    from persons
    inner join anchors on persons.contact_group = anchors.contact_group

)

select * from final
