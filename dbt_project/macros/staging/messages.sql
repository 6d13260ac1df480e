{#- The canonical fact of a message's status: what could not be delivered has failed. -#}
{% macro message_fact_type(status) -%}
    case {{ status }} when 'undelivered' then 'message.failed' else concat('message.', {{ status }}) end
{%- endmacro %}

{#-
    STOP, START, HELP or NULL from the text of a reply, for providers that don't say. The keywords are those of
    Twilio's default handling (docs: messaging/tutorials/advanced-opt-out): the whole text is one of them, in any
    case, with or without punctuation. YES is left out: here it far more often confirms an appointment.
-#}
{% macro opt_out_keyword(body) -%}
    {%- set edge = '[\\s[:punct:]]*' -%}
    case
            when regexp_full_match({{ body }}, '(?i){{ edge }}(stop|stop ?all|unsubscribe|cancel|end|quit|revoke|opt-?out){{ edge }}')
                then 'STOP'
            when regexp_full_match({{ body }}, '(?i){{ edge }}(start|unstop){{ edge }}') then 'START'
            when regexp_full_match({{ body }}, '(?i){{ edge }}(help|info){{ edge }}') then 'HELP'
        end
{%- endmacro %}
