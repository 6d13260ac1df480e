{#- The contact of a canonical payload (frontdesk/domains/identity/facts.py), to be put into the shape given to from_json. -#}
{% macro canonical_contact_shape() -%}
    "contact": {
                    "external_id": "VARCHAR", "phone": "VARCHAR", "email": "VARCHAR", "name": "VARCHAR",
                    "first_name": "VARCHAR", "last_name": "VARCHAR", "company": "VARCHAR"
                }
{%- endmacro %}

{#- External ids of two older systems can be equal; with the source in front they never meet. -#}
{% macro canonical_contact_columns() -%}
    {{ contact_columns(
        ref_kind='external_id',
        ref="source || ':' || " ~ line_text('fact.contact.external_id'),
        phone='fact.contact.phone',
        email='fact.contact.email',
        full_name='fact.contact.name',
        first_name='fact.contact.first_name',
        last_name='fact.contact.last_name',
        company='fact.contact.company'
    ) }}
{%- endmacro %}
