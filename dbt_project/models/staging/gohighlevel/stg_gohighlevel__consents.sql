{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['gohighlevel.']}}) }}

-- Do-not-disturb settings. Only refusals become facts: lifting a block is not a consent, and a person who texted
-- STOP elsewhere must not be contacted again because a setting here is off.
with events as (

    select * from {{ ref('stg_event_log__events') }}
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

blocked as (

    select
        *,
        list_filter(
            [
                {%- for channel in ['SMS', 'Email', 'WhatsApp', 'Call'] %}
                {
                    'channel': '{{ channel | lower }}',
                    'status': lower({{ line_text('contact.dndSettings.' ~ channel ~ '.status') }})
                }{{ ',' if not loop.last }}
                {%- endfor %}
            ],
            lambda told: told.status in ('active', 'permanent')
        ) as told_settings
    from parsed

),

settings as (

    -- `dnd` blocks everything, unless a setting says which channel is meant.
    select
        * exclude (told_settings),
        unnest(case
            when len(told_settings) > 0 then told_settings
            when {{ yes_or_no('contact.dnd') }} then [{ 'channel': 'all', 'status': 'active' }]
        end) as setting
    from blocked

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

)

select * from final
