{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['zoho.']}}) }}

-- Contacts of Books, with names and addresses, and records of CRM's Contacts and Leads, which notifications name by
-- id only unless the subscription asked for the changed values. One row per record of a notification.
with events as (

    select * replace (lower(type) as type)
    from {{ ref('stg_event_log__events') }}
    where source = 'zoho'

),

crm_notifications as (

    select
        *,
        regexp_extract(type, '\.(insert|update|delete)$', 1) as operation,
        from_json(
            payload,
            '{
                "ids": ["VARCHAR"],
                "affected_values": [{
                    "record_id": "VARCHAR",
                    "values": {
                        "Email": "VARCHAR", "Phone": "VARCHAR", "Mobile": "VARCHAR", "Full_Name": "VARCHAR",
                        "First_Name": "VARCHAR", "Last_Name": "VARCHAR", "Company": "VARCHAR"
                    }
                }]
            }'
        ) as notification
    from events
    where
        type in (
            'zoho.crm.contacts.insert',
            'zoho.crm.contacts.update',
            'zoho.crm.contacts.delete',
            'zoho.crm.leads.insert',
            'zoho.crm.leads.update',
            'zoho.crm.leads.delete'
        )

),

crm_records as (

    select
        * exclude (headers, payload),
        unnest(list_distinct(list_transform(notification.ids, lambda id: {{ line_text('id') }}))) as record_id
    from crm_notifications

),

crm_contacts as (

    select
        *,
        case operation
            when 'insert' then 'contact.created'
            when 'delete' then 'contact.deleted'
            else 'contact.updated'
        end as fact_type,
        list_filter(
            notification.affected_values, lambda changed: changed.record_id = record_id
        )[1].values as changed_values
    from crm_records

),

books_contacts as (

    select
        *,
        from_json(
            payload,
            '{"contact": {
                "contact_id": "VARCHAR", "contact_name": "VARCHAR", "company_name": "VARCHAR", "first_name": "VARCHAR",
                "last_name": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR", "mobile": "VARCHAR",
                "contact_persons": [{
                    "first_name": "VARCHAR", "last_name": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR",
                    "mobile": "VARCHAR", "is_primary_contact": "VARCHAR"
                }]
            }}'
        ).contact as contact
    from events
    where type = 'zoho.books.contact'

),

books_persons as (

    -- The e-mail and phone of a Books contact are those of its persons; the primary one speaks for it.
    select
        *,
        coalesce(
            list_filter(contact.contact_persons, lambda person: {{ yes_or_no('person.is_primary_contact') }})[1],
            contact.contact_persons[1]
        ) as person
    from books_contacts

),

final as (

    select
        {{ event_columns() }},
        fact_type,
        {{ contact_columns(
            ref_kind='zoho_record',
            ref='record_id',
            phone=first_text('changed_values.Phone', 'changed_values.Mobile'),
            email='changed_values.Email',
            full_name='changed_values.Full_Name',
            first_name='changed_values.First_Name',
            last_name='changed_values.Last_Name',
            company='changed_values.Company'
        ) }},
        cast(null as varchar) as channel,
        fact_type = 'contact.deleted' as is_deleted
    from crm_contacts

    union all

    select
        {{ event_columns() }},
        'contact.updated' as fact_type,
        {{ contact_columns(
            ref_kind='zoho_record',
            ref='contact.contact_id',
            phone=first_text('person.phone', 'person.mobile', 'contact.phone', 'contact.mobile'),
            email=first_text('person.email', 'contact.email'),
            full_name='contact.contact_name',
            first_name=first_text('person.first_name', 'contact.first_name'),
            last_name=first_text('person.last_name', 'contact.last_name'),
            company='contact.company_name'
        ) }},
        cast(null as varchar) as channel,
        false as is_deleted
    from books_persons

)

select * from final
