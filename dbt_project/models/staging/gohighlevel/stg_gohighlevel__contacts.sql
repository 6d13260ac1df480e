{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['gohighlevel.']}}) }}

-- Marketplace webhooks (camel case) and the workflow action (snake case), one row per delivery about a contact.
with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        source = 'gohighlevel'
        and type in (
            'gohighlevel.ContactCreate',
            'gohighlevel.ContactUpdate',
            'gohighlevel.ContactTagUpdate',
            'gohighlevel.ContactDndUpdate',
            'gohighlevel.ContactDelete',
            'gohighlevel.workflow'
        )

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "id": "VARCHAR", "name": "VARCHAR", "firstName": "VARCHAR", "lastName": "VARCHAR",
                "companyName": "VARCHAR", "source": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR",
                "contact_id": "VARCHAR", "full_name": "VARCHAR", "first_name": "VARCHAR", "last_name": "VARCHAR",
                "company_name": "VARCHAR", "contact_source": "VARCHAR"
            }'
        ) as contact
    from events

),

final as (

    select
        {{ event_columns() }},
        case type
            when 'gohighlevel.ContactCreate' then 'contact.created'
            when 'gohighlevel.ContactDelete' then 'contact.deleted'
            else 'contact.updated'
        end as fact_type,
        {{ contact_columns(
            ref_kind='gohighlevel_contact',
            ref="if(type = 'gohighlevel.workflow', contact.contact_id, contact.id)",
            phone='contact.phone',
            email='contact.email',
            full_name=first_text('contact.name', 'contact.full_name'),
            first_name=first_text('contact.firstName', 'contact.first_name'),
            last_name=first_text('contact.lastName', 'contact.last_name'),
            company=first_text('contact.companyName', 'contact.company_name')
        ) }},
        {{ first_text('contact.source', 'contact.contact_source') }} as channel,
        type = 'gohighlevel.ContactDelete' as is_deleted
    from parsed

)

select * from final
