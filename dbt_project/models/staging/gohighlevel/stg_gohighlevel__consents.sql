-- Do-not-disturb settings. Only refusals become facts: lifting a block is not a consent, and a person who texted
-- STOP elsewhere must not be contacted again because a setting here is off.
with events as (

    select * from {{ logged_events() }}
    where
        source = 'gohighlevel'
        and type in ('gohighlevel.ContactCreate', 'gohighlevel.ContactUpdate', 'gohighlevel.ContactDndUpdate')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "id": "VARCHAR", "name": "VARCHAR", "firstName": "VARCHAR", "lastName": "VARCHAR",
                "companyName": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR", "dnd": "VARCHAR",
                "dndSettings": {
                    "SMS": {"status": "VARCHAR"}, "Email": {"status": "VARCHAR"},
                    "WhatsApp": {"status": "VARCHAR"}, "Call": {"status": "VARCHAR"}
                }
            }'
        ) as contact
    from events

),

settings as (

    -- `dnd` alone blocks everything; settings per channel, where given, are more exact.
    select
        *,
        unnest([
            { 'channel': 'sms', 'status': contact.dndSettings.SMS.status },
            { 'channel': 'email', 'status': contact.dndSettings.Email.status },
            { 'channel': 'whatsapp', 'status': contact.dndSettings.WhatsApp.status },
            { 'channel': 'call', 'status': contact.dndSettings.Call.status },
            {
                'channel': 'all',
                'status': if(contact.dnd = 'true' and contact.dndSettings is null, 'active', 'inactive')
            }
        ]) as setting
    from parsed

),

final as (

    select
        {{ event_columns() }},
        'consent.revoked' as fact_type,
        {{ contact_columns(
            ref_kind='gohighlevel_contact',
            ref='contact.id',
            phone='contact.phone',
            email='contact.email',
            full_name='contact.name',
            first_name='contact.firstName',
            last_name='contact.lastName',
            company='contact.companyName'
        ) }},
        setting.channel,
        'all' as purpose,
        false as is_granted,
        'GoHighLevel do not disturb: ' || setting.status as evidence
    from settings
    where setting.status in ('active', 'permanent')

)

select * from final
