{#- Words for a fact type, as staff read them: "booking.no_show" is "Booking no show"; a message is called by its channel. -#}
{% macro timeline_title(fact_type, channel) -%}
    case
        when not starts_with({{ fact_type }}, 'message.')
            then upper(substr({{ fact_type }}, 1, 1)) || replace(replace(substr({{ fact_type }}, 2), '.', ' '), '_', ' ')
        else
            case {{ channel }}
                when 'sms' then 'Text'
                when 'email' then 'E-mail'
                when 'whatsapp' then 'WhatsApp message'
                when 'chat' then 'Chat message'
                when 'call' then 'Call'
                else 'Message'
            end || ' ' || replace(substr({{ fact_type }}, 9), '_', ' ')
    end
{%- endmacro %}
