{#-
    An id as keys and indexes can hold it, whatever its source writes: one that is longer than 255 characters, or has
    control characters, is known by its digest.
-#}
{% macro bounded_id(expression) -%}
    if(
            length({{ expression }}) <= 255 and not regexp_matches({{ expression }}, '[[:cntrl:]]'),
            {{ expression }},
            'sha256:' || sha256({{ expression }})
        )
{%- endmacro %}
