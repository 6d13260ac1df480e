{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['gohighlevel.']}}) }}

with events as (

    select
        events.*,
        tenants.decimal_mark,
        tenants.currency as tenant_currency
    from {{ ref('stg_event_log__events') }} as events
    left join {{ ref('stg_tenants__tenants') }} as tenants on events.tenant_id = tenants.tenant_id
    where
        events.source = 'gohighlevel'
        and events.type in (
            'gohighlevel.OpportunityCreate',
            'gohighlevel.OpportunityUpdate',
            'gohighlevel.OpportunityStageUpdate',
            'gohighlevel.OpportunityStatusUpdate',
            'gohighlevel.OpportunityMonetaryValueUpdate',
            'gohighlevel.OpportunityAssignedToUpdate',
            'gohighlevel.OpportunityDelete',
            'gohighlevel.NoteCreate',
            'gohighlevel.TaskCreate',
            'gohighlevel.TaskComplete',
            'gohighlevel.TaskDelete',
            'gohighlevel.InvoiceSent',
            'gohighlevel.InvoicePartiallyPaid',
            'gohighlevel.InvoicePaid',
            'gohighlevel.InvoiceVoid'
        )

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "id": "VARCHAR", "_id": "VARCHAR", "contactId": "VARCHAR", "name": "VARCHAR", "title": "VARCHAR",
                "body": "VARCHAR", "status": "VARCHAR", "pipelineStageId": "VARCHAR", "monetaryValue": "JSON",
                "dueDate": "VARCHAR", "invoiceNumber": "VARCHAR", "currency": "VARCHAR", "amountPaid": "JSON",
                "total": "JSON",
                "contactDetails": {
                    "id": "VARCHAR", "name": "VARCHAR", "email": "VARCHAR", "phoneNo": "VARCHAR",
                    "companyName": "VARCHAR"
                }
            }'
        ) as record
    from events

),

classified as (

    select
        *,
        case type
            when 'gohighlevel.OpportunityCreate' then 'deal.created'
            when 'gohighlevel.OpportunityStageUpdate' then 'stage.changed'
            when 'gohighlevel.OpportunityDelete' then 'deal.deleted'
            when 'gohighlevel.OpportunityStatusUpdate'
                then case lower(record.status)
                    when 'won' then 'deal.won'
                    when 'lost' then 'deal.lost'
                    when 'abandoned' then 'deal.abandoned'
                    else 'deal.updated'
                end
            when 'gohighlevel.NoteCreate' then 'note.added'
            when 'gohighlevel.TaskCreate' then 'task.created'
            when 'gohighlevel.TaskComplete' then 'task.completed'
            when 'gohighlevel.TaskDelete' then 'task.cancelled'
            when 'gohighlevel.InvoiceSent' then 'invoice.sent'
            when 'gohighlevel.InvoicePartiallyPaid' then 'invoice.partially_paid'
            when 'gohighlevel.InvoicePaid' then 'invoice.paid'
            when 'gohighlevel.InvoiceVoid' then 'invoice.voided'
            else 'deal.updated'
        end as fact_type
    from parsed

),

grouped as (

    select
        *,
        case
            when starts_with(fact_type, 'note.') then 'note'
            when starts_with(fact_type, 'task.') then 'task'
            when starts_with(fact_type, 'invoice.') then 'invoice'
            else 'opportunity'
        end as record_kind
    from classified

),

told as (

    select
        *,
        case
            when record_kind = 'opportunity' then record.monetaryValue
            when fact_type in ('invoice.paid', 'invoice.partially_paid') then record.amountPaid
            when record_kind = 'invoice' then record.total
        end as amount
    from grouped

),

priced as (

    select
        *,
        {{ minor_units_from_json(
            'amount', 'coalesce(' ~ currency_code('record.currency') ~ ', tenant_currency)', 'decimal_mark'
        ) }} as amount_minor
    from told

),

final as (

    select
        {{ event_columns() }},
        fact_type,
        {{ contact_columns(
            ref_kind='gohighlevel_contact',
            ref=first_text('record.contactId', 'record.contactDetails.id'),
            phone='record.contactDetails.phoneNo',
            email='record.contactDetails.email',
            full_name='record.contactDetails.name',
            company='record.contactDetails.companyName'
        ) }},
        'gohighlevel_' || record_kind as entity_kind,
        coalesce({{ first_text('record.id', 'record._id') }}, subject_id, source_event_id) as entity_id,
        case record_kind
            when 'note' then 'Note added'
            when 'task' then {{ free_text('record.title') }}
            when 'invoice'
                then concat_ws(
                    ' ',
                    'Invoice',
                    {{ line_text('record.invoiceNumber') }},
                    replace(replace(fact_type, 'invoice.', ''), '_', ' ')
                )
            else {{ line_text('record.name') }}
        end as title,
        case
            when record_kind = 'note' then {{ free_text('record.body') }}
            when record_kind = 'task' then 'Due ' || {{ line_text('record.dueDate') }}
            -- HighLevel sends the stage's id only; its name is in the tenant's pipeline.
            when fact_type = 'stage.changed' then {{ line_text('record.pipelineStageId') }}
            else {{ line_text('record.status') }}
        end as detail,
        amount_minor,
        {{ currency_code('record.currency') }} as currency,
        {{ unread_amount('amount', 'amount_minor') }} as unread_amount
    from priced

)

select * from final
