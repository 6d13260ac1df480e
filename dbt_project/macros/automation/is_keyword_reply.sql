{#-
    Whether a message is the customer's STOP or START: what it tells is the fact consent.revoked or consent.granted, and
    as a message it starts nothing, moves nobody and warms nobody.
-#}
{% macro is_keyword_reply(of='') -%}
    coalesce({{ of }}direction = 'inbound' and {{ of }}opt_out_type in ('STOP', 'START'), false)
{%- endmacro %}

{#- Whether a text of ours was refused because its receiver has said STOP to the provider: Twilio's error 21610. -#}
{% macro is_refused_for_stop() -%}
    coalesce(direction <> 'inbound' and error_code = '21610', false)
{%- endmacro %}
