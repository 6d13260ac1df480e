{#- A name of a channel or campaign however it is written: in small letters, with single blanks of the plain kind. -#}
{% macro one_spelling(name) -%}
    lower(trim(regexp_replace({{ name }}, '[\s\x{00a0}\x{2000}-\x{200b}\x{202f}\x{3000}]+', ' ', 'g')))
{%- endmacro %}
