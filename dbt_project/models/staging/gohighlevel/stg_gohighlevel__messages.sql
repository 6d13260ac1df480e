{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['gohighlevel.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        source = 'gohighlevel'
        and type in ('gohighlevel.InboundMessage', 'gohighlevel.OutboundMessage')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "contactId": "VARCHAR", "messageType": "VARCHAR", "direction": "VARCHAR", "body": "VARCHAR",
                "status": "VARCHAR", "callStatus": "VARCHAR", "messageId": "VARCHAR", "emailMessageId": "VARCHAR",
                "from": "VARCHAR", "to": "JSON", "attachments": ["VARCHAR"]
            }'
        ) as message
    from events

),

classified as (

    select
        *,
        case
            when contains(upper(message.messageType), 'EMAIL') then 'email'
            when contains(upper(message.messageType), 'WHATSAPP') then 'whatsapp'
            when contains(upper(message.messageType), 'CALL') then 'call'
            when contains(upper(message.messageType), 'VOICEMAIL') then 'call'
            when contains(upper(message.messageType), 'SMS') or message.messageType is null then 'sms'
            else 'chat'
        end as channel,
        -- An inbound call arrives as OutboundMessage with the direction inbound: the direction is right.
        case
            when lower(message.direction) in ('inbound', 'outbound') then lower(message.direction)
            when type = 'gohighlevel.InboundMessage' then 'inbound'
            else 'outbound'
        end as direction,
        lower({{ first_text('message.callStatus', 'message.status') }}) as provider_status,
        {{ line_text(email_address('message.from')) }} as from_address,
        -- One address, or a list of them of which the first counts.
        {{ line_text(email_address(first_text("message.to ->> '$[0]'", "message.to ->> '$'"))) }} as to_address
    from parsed

),

ranked as (

    select
        *,
        case
            when direction = 'inbound' then 'received'
            when provider_status in ('pending', 'scheduled', 'queued') then 'queued'
            when provider_status in ('sending', 'ringing', 'in-progress') then 'sending'
            when provider_status in ('delivered', 'completed', 'answered') then 'delivered'
            when provider_status in ('opened', 'clicked', 'read') then 'read'
            when provider_status in ('undelivered', 'bounced', 'no-answer', 'busy', 'voicemail') then 'undelivered'
            when provider_status in ('failed', 'error', 'canceled', 'cancelled') then 'failed'
            else 'sent'
        end as message_status,
        if(direction = 'inbound', from_address, to_address) as customer_address
    from classified

),

final as (

    select
        {{ event_columns() }},
        {{ message_fact_type('message_status') }} as fact_type,
        {{ contact_columns(
            ref_kind='gohighlevel_contact',
            ref='message.contactId',
            phone="case when channel in ('sms', 'whatsapp', 'call') then " ~ message_phone('customer_address') ~ " end",
            email="case when channel = 'email' then customer_address end"
        ) }},
        -- The id is missing from texts in HighLevel's own samples; such a text is a message of its own.
        coalesce(
            {{ line_text('message.messageId') }},
            {{ line_text('message.emailMessageId') }},
            source_event_id
        ) as message_id,
        channel,
        direction,
        message_status,
        nullif(message.body, '') as body,
        from_address,
        to_address,
        cast(null as varchar) as error_code,
        -- HighLevel tells of no opt-out with a message: the words do.
        cast(null as varchar) as opt_out_type,
        {{ attachments('message.attachments') }} as attachments
    from ranked

)

select * from final
