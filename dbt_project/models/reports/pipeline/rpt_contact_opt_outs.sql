with consents as (

    select * from {{ ref('fct_consents') }}

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

-- What an address allows is its own, whoever said so by it; of one that links nobody, only the contact's own word.
of_addresses as (

    select
        addresses.contact_id,
        consents.* exclude (consents.contact_id)
    from addresses
    inner join consents
        on
            addresses.tenant_id = consents.tenant_id
            and addresses.kind = consents.address_kind
            and addresses.address = consents.address
    where consents.address_key is not null or consents.contact_id = addresses.contact_id

),

-- What names no address is the contact's, by every channel that it is about.
told as (

    select * from of_addresses
    union all by name
    select * from consents
    where address is null

),

by_channel as (

    select
        * exclude (channel),
        unnest(
            case
                when channel <> 'all' then [channel]
                when address_kind = 'phone' then ['sms', 'whatsapp', 'call']
                when address_kind = 'email' then ['email']
                else ['sms', 'whatsapp', 'call', 'email']
            end
        ) as channel
    from told

),

refused_addresses as (

    select distinct
        tenant_id,
        contact_id,
        address_kind
    from of_addresses
    where not is_granted

),

-- As for what rules send (fct_decisions): a grant that names no address opens none that was refused by itself.
counted as (

    select by_channel.*
    from by_channel
    anti join refused_addresses
        on
            by_channel.tenant_id = refused_addresses.tenant_id
            and if(by_channel.address is null and by_channel.is_granted, by_channel.contact_id, null)
            = refused_addresses.contact_id
            and refused_addresses.address_kind = if(by_channel.channel = 'email', 'email', 'phone')
    where by_channel.purpose in ('transactional', 'all')

),

-- The last word on a channel decides, be it on this one or on all; a grant and a withdrawal at one instant
-- are a withdrawal.
newest as (

    select *
    from counted
    qualify row_number() over (
        partition by tenant_id, contact_id, channel order by changed_at desc, is_granted asc, consent_key asc
    ) = 1

),

refused as (

    select
        *,
        count(distinct channel) over (partition by tenant_id, contact_id) as count_channels
    from newest
    where not is_granted

),

-- Who refuses every channel is told of once.
final as (

    select
        tenant_id,
        contact_id,
        if(count_channels = 4, 'all', channel) as channel,
        changed_at as opted_out_at,
        evidence
    from refused
    qualify row_number() over (
        partition by tenant_id, contact_id, if(count_channels = 4, 'all', channel)
        order by changed_at desc, consent_key asc
    ) = 1

)

select * from final
