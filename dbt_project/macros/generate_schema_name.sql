{#- Schemas are named as configured (marts, reports, ...): readers and the published file rely on the names. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
