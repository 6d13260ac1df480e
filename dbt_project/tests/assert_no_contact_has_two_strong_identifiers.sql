-- Two phones are never merged silently: a contact has one strong identifier at most.
with identifiers as (

    select * from {{ ref('bdg_contact_identifiers') }}
    where identifier_use = 'strong'

),

final as (

    select contact_id
    from identifiers
    group by contact_id
    having count(*) > 1

)

select * from final
