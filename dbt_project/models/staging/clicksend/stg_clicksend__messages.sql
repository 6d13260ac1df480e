{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['clicksend.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where source = 'clicksend' and type in ('clicksend.message.received', 'clicksend.message.receipt')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "message_id": "VARCHAR", "from": "VARCHAR", "sms": "VARCHAR", "to": "VARCHAR",
                "originalsenderid": "VARCHAR", "body": "VARCHAR", "message": "VARCHAR",
                "status_code": "VARCHAR", "error_code": "VARCHAR",
                "media_url": "VARCHAR", "media_file": "VARCHAR"
            }'
        ) as message
    from events

),

classified as (

    -- Receipts are decided by status_code: 200 is under way, 300 failed for now and is tried again. The numbering
    -- of error_code differs between editions of ClickSend's own help, so it stays text.
    select
        *,
        case
            when type = 'clicksend.message.received' then 'received'
            when message.status_code = '201' then 'delivered'
            when message.status_code = '301' then 'failed'
            else 'sent'
        end as message_status,
        {{ first_text('message.from', 'message.sms') }} as from_address,
        {{ first_text('message.to', 'message.originalsenderid') }} as to_address,
        [coalesce({{ line_text('message.media_url') }}, {{ line_text('message.media_file') }})] as media_urls
    from parsed

),

final as (

    select
        {{ event_columns() }},
        {{ message_fact_type('message_status') }} as fact_type,
        {{ contact_columns(phone=message_phone("if(message_status = 'received', from_address, to_address)")) }},
        coalesce({{ line_text('message.message_id') }}, subject_id, source_event_id) as message_id,
        'sms' as channel,
        if(message_status = 'received', 'inbound', 'outbound') as direction,
        message_status,
        coalesce(nullif(message.body, ''), nullif(message.message, '')) as body,
        from_address,
        to_address,
        {{ line_text('message.error_code') }} as error_code,
        -- ClickSend tells of no opt-out: the words do.
        cast(null as varchar) as opt_out_type,
        {{ attachments('media_urls') }} as attachments
    from classified

)

select * from final
