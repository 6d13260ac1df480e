{#- A stable 128-bit key of parts that are never null. -#}
{% macro hash_key(parts) -%}
    md5(concat_ws('|', {{ parts | join(', ') }}))
{%- endmacro %}
