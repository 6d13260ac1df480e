with events as (

    select * from {{ logged_events() }}
    where
        source = 'gohighlevel'
        and type in (
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
                "body": "VARCHAR", "status": "VARCHAR", "pipelineStageId": "VARCHAR", "monetaryValue": "VARCHAR",
                "dueDate": "VARCHAR", "invoiceNumber": "VARCHAR", "currency": "VARCHAR", "amountPaid": "VARCHAR",
                "total": "VARCHAR",
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

final as (

    select
        {{ event_columns() }},
        fact_type,
        {{ contact_columns(
            ref_kind='gohighlevel_contact',
            ref='coalesce(record.contactId, record.contactDetails.id)',
            phone='record.contactDetails.phoneNo',
            email='record.contactDetails.email',
            full_name='record.contactDetails.name',
            company='record.contactDetails.companyName'
        ) }},
        'gohighlevel_' || record_kind as entity_kind,
        coalesce({{ line_text('coalesce(record.id, record._id)') }}, subject_id, source_event_id) as entity_id,
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
        case
            when record_kind = 'opportunity' then {{ minor_units_from_decimal('record.monetaryValue') }}
            when record_kind = 'invoice'
                then {{ minor_units_from_decimal(
                    "if(fact_type in ('invoice.paid', 'invoice.partially_paid'), record.amountPaid, record.total)",
                    'record.currency'
                ) }}
        end as amount_minor,
        {{ currency_code('record.currency') }} as currency
    from grouped

)

select * from final
