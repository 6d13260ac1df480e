{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['twilio.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
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
            'twilio.message.read',
            'twilio.conversation.onMessageAdded'
        )

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "MessageSid": "VARCHAR", "SmsSid": "VARCHAR", "From": "VARCHAR", "To": "VARCHAR", "Body": "VARCHAR",
                "ErrorCode": "VARCHAR", "OptOutType": "VARCHAR", "ProfileName": "VARCHAR",
                "ConversationSid": "VARCHAR", "EventType": "VARCHAR", "Author": "VARCHAR", "Source": "VARCHAR",
                "Latitude": "VARCHAR", "Longitude": "VARCHAR", "Address": "VARCHAR", "Label": "VARCHAR",
                "MediaUrl0": "VARCHAR", "MediaContentType0": "VARCHAR", "MediaUrl1": "VARCHAR", "MediaContentType1": "VARCHAR",
                "MediaUrl2": "VARCHAR", "MediaContentType2": "VARCHAR", "MediaUrl3": "VARCHAR", "MediaContentType3": "VARCHAR",
                "MediaUrl4": "VARCHAR", "MediaContentType4": "VARCHAR", "MediaUrl5": "VARCHAR", "MediaContentType5": "VARCHAR",
                "MediaUrl6": "VARCHAR", "MediaContentType6": "VARCHAR", "MediaUrl7": "VARCHAR", "MediaContentType7": "VARCHAR",
                "MediaUrl8": "VARCHAR", "MediaContentType8": "VARCHAR", "MediaUrl9": "VARCHAR", "MediaContentType9": "VARCHAR"
            }'
        ) as message,
        case
            when type = 'twilio.conversation.onMessageAdded' then 'received'
            when type in ('twilio.message.received', 'twilio.message.receiving') then 'received'
            when type in ('twilio.message.accepted', 'twilio.message.scheduled') then 'queued'
            when type = 'twilio.message.partially_delivered' then 'sent'
            when type = 'twilio.message.canceled' then 'failed'
            else replace(type, 'twilio.message.', '')
        end as message_status
    from events

),

-- A conversation posts every message added to it. Received is what came from a phone: what we wrote ourselves came by
-- the API or an SDK, and its author is a name and no address.
told as (

    select
        *,
        {{ first_text('message.from', 'message.author') }} as sender,
        {{ row_only_if("
            message.conversationsid is null
            or message.eventtype is null
            or (
                message.eventtype = 'onMessageAdded'
                and upper(coalesce(message.source, '')) not in ('API', 'SDK', 'CHAT')
                and regexp_matches(message.author, '^([a-z]+:)?\+?[0-9]{5,}$')
            )
        ") }} as is_ours_to_tell
    from parsed

),

addressed as (

    -- Addresses of other channels carry a prefix: whatsapp:+15551230001, messenger:1234567890.
    select
        *,
        case when message_status = 'received' then 'inbound' else 'outbound' end as direction,
        nullif(lower(regexp_extract({{ first_text('sender', 'message.to') }}, '^([a-zA-Z]+):', 1)), '')
            as address_scheme,
        {{ line_text("regexp_replace(sender, '^[a-zA-Z]+:', '')") }} as from_address,
        {{ line_text("regexp_replace(message.to, '^[a-zA-Z]+:', '')") }} as to_address,
        {
            'urls': [
                {%- for position in range(10) %}
                message.MediaUrl{{ position }}{{ ',' if not loop.last }}
                {%- endfor %}
            ],
            'media_types': [
                {%- for position in range(10) %}
                message.MediaContentType{{ position }}{{ ',' if not loop.last }}
                {%- endfor %}
            ]
        } as media
    from told

),

final as (

    select
        {{ event_columns() }},
        {{ message_fact_type('message_status') }} as fact_type,
        {{ contact_columns(
            phone="case
                when address_scheme is null or address_scheme <> 'messenger'
                    then " ~ message_phone("if(direction = 'inbound', from_address, to_address)") ~ "
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
        coalesce(
            nullif(message.body, ''),
            -- A place shared in WhatsApp has no words of its own.
            'Location: ' || coalesce(
                nullif(concat_ws(', ', nullif(message.label, ''), nullif(message.address, '')), ''),
                message.latitude || ', ' || message.longitude
            )
        ) as body,
        from_address,
        to_address,
        {{ line_text('message.errorcode') }} as error_code,
        case
            when direction = 'inbound' and upper(message.optouttype) in ('STOP', 'START', 'HELP')
                then upper(message.optouttype)
        end as opt_out_type,
        {{ attachments('media.urls', 'media.media_types') }} as attachments
    from addressed

)

select * from final
