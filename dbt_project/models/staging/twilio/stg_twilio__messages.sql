with events as (

    select * from {{ logged_events() }}
    where
        source = 'twilio'
        and type in (
            'twilio.message.received',
            'twilio.message.receiving',
            'twilio.message.accepted',
            'twilio.message.scheduled',
            'twilio.message.queued',
            'twilio.message.sending',
            'twilio.message.sent',
            'twilio.message.partially_delivered',
            'twilio.message.delivered',
            'twilio.message.undelivered',
            'twilio.message.failed',
            'twilio.message.canceled',
            'twilio.message.read'
        )

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "MessageSid": "VARCHAR", "SmsSid": "VARCHAR", "From": "VARCHAR", "To": "VARCHAR", "Body": "VARCHAR",
                "ErrorCode": "VARCHAR", "OptOutType": "VARCHAR", "ProfileName": "VARCHAR"
            }'
        ) as message,
        case
            when type in ('twilio.message.received', 'twilio.message.receiving') then 'received'
            when type in ('twilio.message.accepted', 'twilio.message.scheduled') then 'queued'
            when type = 'twilio.message.partially_delivered' then 'sent'
            when type = 'twilio.message.canceled' then 'failed'
            else replace(type, 'twilio.message.', '')
        end as message_status
    from events

),

addressed as (

    -- Addresses of other channels carry a prefix: whatsapp:+15551230001, messenger:1234567890.
    select
        *,
        case when message_status = 'received' then 'inbound' else 'outbound' end as direction,
        nullif(lower(regexp_extract(coalesce(message.from, message.to), '^([a-zA-Z]+):', 1)), '') as address_scheme,
        {{ line_text("regexp_replace(message.from, '^[a-zA-Z]+:', '')") }} as from_address,
        {{ line_text("regexp_replace(message.to, '^[a-zA-Z]+:', '')") }} as to_address
    from parsed

),

final as (

    select
        {{ event_columns() }},
        {{ message_fact_type('message_status') }} as fact_type,
        {{ contact_columns(
            phone="case
                when address_scheme is null or address_scheme <> 'messenger'
                    then if(direction = 'inbound', from_address, to_address)
            end",
            full_name="case when direction = 'inbound' then message.profilename end"
        ) }},
        coalesce(
            {{ line_text('message.messagesid') }},
            {{ line_text('message.smssid') }},
            subject_id,
            source_event_id
        ) as message_id,
        case address_scheme when 'whatsapp' then 'whatsapp' when 'messenger' then 'chat' else 'sms' end as channel,
        direction,
        message_status,
        nullif(message.body, '') as body,
        from_address,
        to_address,
        {{ line_text('message.errorcode') }} as error_code,
        case
            when direction = 'outbound' then null
            when upper(message.optouttype) in ('STOP', 'START', 'HELP') then upper(message.optouttype)
            else {{ opt_out_keyword('message.body') }}
        end as opt_out_type
    from addressed

)

select * from final
