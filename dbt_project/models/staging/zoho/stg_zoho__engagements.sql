{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['zoho.']}}) }}

-- Four kinds of delivery that are worth a line on a timeline: Campaigns events (one row per line of `data`), the posts
-- with an event_type, CRM notifications (one row per record; contacts and leads are in stg_zoho__contacts) and
-- Books invoices.
with events as (

    select
        events.* replace (lower(events.type) as type),
        tenants.decimal_mark,
        tenants.currency as tenant_currency
    from {{ ref('stg_event_log__events') }} as events
    left join {{ ref('stg_tenants__tenants') }} as tenants on events.tenant_id = tenants.tenant_id
    where events.source = 'zoho'

),

campaign_events as (

    select
        *,
        case type
            when 'zoho.campaigns.email_open' then 'email.opened'
            when 'zoho.campaigns.email_click' then 'email.clicked'
            when 'zoho.campaigns.bounce' then 'email.bounced'
            when 'zoho.campaigns.spam' then 'email.marked_as_spam'
            when 'zoho.campaigns.unsubscribed' then 'email.unsubscribed'
            when 'zoho.campaigns.email_delivered' then 'email.delivered'
        end as fact_type,
        from_json(
            payload,
            '{"data": [{
                "action_time": "VARCHAR", "contact_id": "VARCHAR", "contact_email": "VARCHAR",
                "transmission_id": "VARCHAR", "transmission_name": "VARCHAR", "click_url": "VARCHAR",
                "bounce_type": "VARCHAR", "bounce_reason": "VARCHAR"
            }]}'
        ).data as items
    from events
    where
        type in (
            'zoho.campaigns.email_open',
            'zoho.campaigns.email_click',
            'zoho.campaigns.bounce',
            'zoho.campaigns.spam',
            'zoho.campaigns.unsubscribed',
            'zoho.campaigns.email_delivered'
        )

),

campaign_lines as (

    select
        * exclude (headers, payload, items),
        unnest(items) as item,
        generate_subscripts(items, 1) as line
    from campaign_events

),

campaign_engagements as (

    -- transmission_id can be longer than 64 bits. One transmission goes to many people, so it is not what the line is
    -- about: the entity is this line.
    select
        {{ event_columns(line_instant(instant_from_unix_milliseconds('item.action_time'))) }},
        fact_type,
        {{ contact_columns(ref_kind='zoho_record', ref='item.contact_id', email='item.contact_email') }},
        'zoho_campaign_event' as entity_kind,
        concat_ws(
            ':',
            {{ line_text('item.transmission_id') }},
            {{ line_text('item.contact_id') }},
            source_event_id,
            line
        ) as entity_id,
        concat_ws(
            ': ',
            'E-mail ' || replace(replace(fact_type, 'email.', ''), '_', ' '),
            {{ line_text('item.transmission_name') }}
        ) as title,
        coalesce(
            {{ free_text('item.click_url') }},
            nullif(
                concat_ws(', ', {{ line_text('item.bounce_type') }}, {{ free_text('item.bounce_reason') }}),
                ''
            )
        ) as detail,
        cast(null as bigint) as amount_minor,
        cast(null as varchar) as currency,
        cast(null as varchar) as unread_amount
    from campaign_lines

),

posts as (

    select
        *,
        regexp_replace(type, '^zoho\.([a-z]+)_', '\1.') as fact_type,
        {{ zoho_post() }} as post
    from events
    where
        type in (
            'zoho.email_opened',
            'zoho.email_clicked',
            'zoho.email_bounced',
            'zoho.email_unsubscribed',
            'zoho.campaign_sent',
            'zoho.form_submitted',
            'zoho.webinar_registered',
            'zoho.deal_created',
            'zoho.deal_won'
        )

),

unpacked_posts as (

    select
        * exclude (headers, payload),
        {{ zoho_post_data() }} as post_data
    from posts

),

read_posts as (

    select
        * exclude (post, post_data),
        {{ zoho_post_fields() }}
    from unpacked_posts

),

-- What says no currency is in the business's own.
priced_posts as (

    select
        *,
        {{ minor_units_from_json(
            'amount', 'coalesce(' ~ currency_code('currency') ~ ', tenant_currency)', 'decimal_mark'
        ) }} as amount_minor
    from read_posts

),

post_engagements as (

    select
        {{ event_columns() }},
        fact_type,
        {{ zoho_post_contact_columns() }},
        if(starts_with(fact_type, 'deal.'), 'zoho_deal', 'zoho_post') as entity_kind,
        coalesce(if(starts_with(fact_type, 'deal.'), {{ line_text('deal_id') }}, null), source_event_id) as entity_id,
        concat_ws(
            ': ',
            case
                when starts_with(fact_type, 'email.') then 'E-mail ' || replace(fact_type, 'email.', '')
                when fact_type = 'campaign.sent' then 'Campaign sent'
                when fact_type = 'form.submitted' then 'Form submitted'
                when fact_type = 'webinar.registered' then 'Registered for a webinar'
                else 'Deal ' || replace(fact_type, 'deal.', '')
            end,
            {{ line_text('topic') }}
        ) as title,
        {{ line_text('remark') }} as detail,
        amount_minor,
        {{ currency_code('currency') }} as currency,
        {{ unread_amount('amount', 'amount_minor') }} as unread_amount
    from priced_posts

),

crm_notifications as (

    select
        *,
        regexp_extract(type, '^zoho\.crm\.(.+)\.(insert|update|delete)$', 1) as module,
        case regexp_extract(type, '\.(insert|update|delete)$', 1)
            when 'insert' then 'created'
            when 'delete' then 'deleted'
            else 'updated'
        end as change,
        from_json(
            payload,
            '{
                "ids": ["VARCHAR"],
                "affected_values": [{
                    "record_id": "VARCHAR",
                    "values": {
                        "Stage": "VARCHAR", "Status": "VARCHAR", "Amount": "JSON", "Deal_Name": "VARCHAR",
                        "Subject": "VARCHAR"
                    }
                }]
            }'
        ) as notification
    from events
    where
        regexp_matches(type, '^zoho\.crm\..+\.(insert|update|delete)$')
        and not regexp_matches(type, '^zoho\.crm\.(contacts|leads)\.')

),

crm_records as (

    select
        * exclude (headers, payload),
        unnest(list_distinct(list_transform(notification.ids, lambda id: {{ line_text('id') }}))) as record_id
    from crm_notifications

),

crm_values as (

    select
        *,
        list_filter(
            notification.affected_values, lambda changed: changed.record_id = record_id
        )[1].values as changed_values
    from crm_records

),

priced_values as (

    select
        *,
        {{ minor_units_from_json('changed_values.Amount', 'tenant_currency', 'decimal_mark') }} as amount_minor
    from crm_values

),

crm_engagements as (

    select
        {{ event_columns() }},
        case
            when module = 'deals' and lower(changed_values.Stage) = 'closed won' then 'deal.won'
            when module = 'deals' and starts_with(lower(changed_values.Stage), 'closed lost') then 'deal.lost'
            when module = 'deals' and change = 'updated' and {{ line_text('changed_values.Stage') }} is not null
                then 'stage.changed'
            when module = 'deals' then 'deal.' || change
            when module = 'tasks' and lower(changed_values.Status) = 'completed' then 'task.completed'
            when module = 'tasks' and change = 'deleted' then 'task.cancelled'
            when module = 'tasks' then 'task.' || change
            when module = 'notes' and change = 'created' then 'note.added'
            else 'record.' || change
        end as fact_type,
        {{ contact_columns() }},
        if(module = 'deals', 'zoho_deal', 'zoho_crm_record') as entity_kind,
        record_id as entity_id,
        coalesce(
            {{ line_text('changed_values.Deal_Name') }},
            {{ line_text('changed_values.Subject') }},
            'Zoho CRM ' || replace(module, '_', ' ') || ': record ' || change
        ) as title,
        {{ first_text('changed_values.Stage', 'changed_values.Status') }} as detail,
        amount_minor,
        cast(null as varchar) as currency,
        {{ unread_amount('changed_values.Amount', 'amount_minor') }} as unread_amount
    from priced_values

),

books_invoices as (

    select
        *,
        from_json(
            payload,
            '{"invoice": {
                "invoice_id": "VARCHAR", "invoice_number": "VARCHAR", "status": "VARCHAR", "total": "JSON",
                "currency_code": "VARCHAR", "customer_id": "VARCHAR", "customer_name": "VARCHAR", "email": "VARCHAR"
            }}'
        ).invoice as invoice
    from events
    where type = 'zoho.books.invoice'

),

invoice_statuses as (

    select
        *,
        case lower(invoice.status)
            when 'draft' then 'drafted'
            when 'sent' then 'sent'
            when 'viewed' then 'viewed'
            when 'unpaid' then 'sent'
            when 'partially_paid' then 'partially_paid'
            when 'paid' then 'paid'
            when 'overdue' then 'overdue'
            when 'void' then 'voided'
            else 'updated'
        end as change,
        {{ minor_units_from_json('invoice.total', currency_code('invoice.currency_code'), 'decimal_mark') }}
            as amount_minor
    from books_invoices

),

invoice_engagements as (

    select
        {{ event_columns() }},
        'invoice.' || change as fact_type,
        {{ contact_columns(
            ref_kind='zoho_record',
            ref='invoice.customer_id',
            email='invoice.email',
            full_name='invoice.customer_name'
        ) }},
        'zoho_invoice' as entity_kind,
        coalesce({{ line_text('invoice.invoice_id') }}, subject_id, source_event_id) as entity_id,
        concat_ws(' ', 'Invoice', {{ line_text('invoice.invoice_number') }}, replace(change, '_', ' ')) as title,
        {{ line_text('invoice.status') }} as detail,
        amount_minor,
        {{ currency_code('invoice.currency_code') }} as currency,
        {{ unread_amount('invoice.total', 'amount_minor') }} as unread_amount
    from invoice_statuses

),

final as (

    select * from campaign_engagements
    union all
    select * from post_engagements
    union all
    select * from crm_engagements
    union all
    select * from invoice_engagements

)

select * from final
