{#-
    One model, two forms. `dbt build` computes every model from the whole log. The live path compiles the same
    models once with `live: true` and runs them for each batch of new events; these macros are the difference.
    The tables of the source `live` are made per batch from analyses/live_*.sql.
-#}

{#- Restricts event-grain rows to the events of this batch. -#}
{% macro only_new_events(column='sequence') -%}
    {%- if var('live') -%} {{ column }} > getvariable('modelled_sequence') {%- else -%} true {%- endif -%}
{%- endmacro %}

{#- Restricts rows to the identifiers that this batch can have moved to another contact. -#}
{% macro only_identifiers_in_scope(column='identifier_key') -%}
    {%- if var('live') -%}
        {{ column }} in (select s.identifier_key from {{ source('live', 'scope_identifiers') }} as s)
    {%- else -%} true {%- endif -%}
{%- endmacro %}

{#- The facts to fold: all, or those of the contacts that this batch touches. -#}
{% macro attributed_facts() -%}
    {%- if var('live') -%} {{ source('live', 'facts') }} {%- else -%} {{ ref('int_facts_attributed') }} {%- endif -%}
{%- endmacro %}
