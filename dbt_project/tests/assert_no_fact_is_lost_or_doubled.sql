-- From staging to the marts no fact is lost or doubled: all of known tenants are normalised, all that are about
-- somebody or something get exactly one contact.
with counts as (

    select
        (
            select count(*)
            from {{ ref('int_facts_unioned') }}
            where tenant_id in (select t.tenant_id from {{ ref('stg_tenants__tenants') }} as t)
        ) as count_unioned,
        (select count(*) from {{ ref('int_facts_normalised') }}) as count_normalised,
        (
            select count(*) from {{ ref('int_facts_normalised') }}
            where primary_identifier_key is not null
        ) as count_identified,
        (
            select count(*) from {{ ref('int_facts_attributed') }}
            where fact_family <> 'consent' or opt_out_type is null -- what a STOP tells besides is a fact of its own
        ) as count_attributed

),

final as (

    select * from counts
    where count_unioned <> count_normalised or count_identified <> count_attributed

)

select * from final
