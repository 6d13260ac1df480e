with contacts as (

    select * from {{ ref('dim_contacts') }}

),

consents as (

    select * from {{ ref('fct_consents') }}

),

final as (

    select
        tenant_id,
        'contacts_new' as metric,
        contact_id as source_key,
        contact_id as entity_key,
        contact_id,
        first_seen_at as measured_at
    from contacts
    where is_identified

    union all by name

    select
        tenant_id,
        'opt_outs' as metric,
        consent_key as source_key,
        contact_id as entity_key,
        contact_id,
        changed_at as measured_at
    from consents
    where not is_granted

)

select * from final
