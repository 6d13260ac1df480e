{#- The 128-bit key of an identifier: tenant, kind and normalised value. -#}
{% macro identifier_key(kind, value, tenant_id='tenant_id') -%}
    md5(concat_ws('|', {{ tenant_id }}, {{ kind }}, {{ value }}))::uuid
{%- endmacro %}

{#- The key where the tenant's rules let this kind and value tell people apart; NULL where they don't. -#}
{% macro linking_key(kind, value) -%}
    case
        when {{ value }} is not null
            and uses[{{ kind }}] in ('strong', 'link')
            and not list_contains(ignored[{{ kind }}], {{ value }})
            then {{ identifier_key(kind, value) }}
    end
{%- endmacro %}
