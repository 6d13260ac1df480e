{#- How the live path keeps a mart of contacts' rows current: the rows of the contacts in scope are replaced. -#}
{% macro replaced_by_contact() -%}
    {{ config(
        tags=['live'],
        meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
        indexes=[{'columns': ['contact_id']}]
    ) }}
{%- endmacro %}

{#- Restricts rows of another mart to the contacts that this batch touches. -#}
{% macro only_contacts_in_scope() -%}
    {%- if var('live') -%} contact_id in (select f.contact_id from {{ source('live', 'facts') }} as f)
    {%- else -%} true {%- endif -%}
{%- endmacro %}
