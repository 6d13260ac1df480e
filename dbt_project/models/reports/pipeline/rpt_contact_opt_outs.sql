with consents as (

    select * from {{ ref('fct_consents') }}
    where purpose in ('transactional', 'all')

),

-- The last word on a channel decides; a grant and a withdrawal at one instant are a withdrawal.
newest as (

    select *
    from consents
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
