with consents as (

    select * from {{ ref('fct_consents') }}
    where purpose in ('transactional', 'all')

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

-- Where a contact is written to now.
addresses as (

    select
        tenant_id,
        contact_id,
        'phone' as kind,
        phone as address
    from contacts
    where phone is not null
    union all
    select
        tenant_id,
        contact_id,
        'email' as kind,
        email as address
    from contacts
    where email is not null

),

-- What an address allows is its own, whoever said so by it; what names no address is the contact's.
told as (

    select
        addresses.contact_id,
        consents.* exclude (consents.contact_id)
    from addresses
    inner join consents
        on
            addresses.tenant_id = consents.tenant_id
            and addresses.kind = consents.address_kind
            and addresses.address = consents.address
    union all by name
    select * from consents
    where address is null

),

-- The last word on a channel decides; a grant and a withdrawal at one instant are a withdrawal.
newest as (

    select *
    from told
    qualify row_number() over (
        partition by contact_id, channel order by changed_at desc, is_granted asc, consent_key asc
    ) = 1

),

final as (

    select
        tenant_id,
        contact_id,
        channel,
        changed_at as opted_out_at,
        evidence
    from newest
    where not is_granted

)

select * from final
