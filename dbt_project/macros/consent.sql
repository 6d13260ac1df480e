{#- The address of a kind that a consent is about: NULL where the fact names none. The key tells where it links contacts. -#}
{% macro consent_address(kind) -%}
    { 'kind': '{{ kind }}', 'address': {{ kind }}, 'address_key': {{ kind }}_key::varchar }
{%- endmacro %}

{#- A consent that names no address: the contact's. -#}
{% macro no_address() -%}
    { 'kind': null::varchar, 'address': null::varchar, 'address_key': null::varchar }
{%- endmacro %}

{#- What proves a consent that somebody gave or took back by a reply: its words, and by what they came. -#}
{% macro reply_evidence(reply='') -%}
    if({{ reply }}channel = 'email', 'e-mail: ', 'text: ') || left(trim({{ reply }}body), 200)
{%- endmacro %}
