{#- The address of a kind that a consent is about: NULL where the fact names none. The key tells where it links contacts. -#}
{% macro consent_address(kind) -%}
    { 'kind': '{{ kind }}', 'address': {{ kind }}, 'address_key': {{ kind }}_key::varchar }
{%- endmacro %}

{#- A consent that names no address: the contact's. -#}
{% macro no_address() -%}
    { 'kind': null::varchar, 'address': null::varchar, 'address_key': null::varchar }
{%- endmacro %}
