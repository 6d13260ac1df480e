{#-
    One model, two forms. `dbt build` computes every model from the whole log. The live path compiles the same
    models once with `live: true` and runs them for each batch of new events; these macros are the difference.
    The tables of the source `live` are temporary, filled per batch: see pipelines/live/batch_tables.py.
-#}

{#- The events that staging reads: the whole log, or this batch. -#}
{% macro logged_events() -%}
    {%- set all_events = ref('stg_event_log__events') -%}
    {%- if var('live') -%} {{ source('live', 'new_events') }} {%- else -%} {{ all_events }} {%- endif -%}
{%- endmacro %}

{#-
    Restricts rows to the values of a scope (analyses/live_<scope>.sql). The live path writes the values out where the
    scope's name stands in braces: DuckDB looks constants up in its indexes, where a subquery makes it scan the table.
-#}
{% macro only_in_scope(column, scope) -%}
    {%- if var('live') -%} {{ column }} in ('{{ '{' ~ scope ~ '}' }}') {%- else -%} true {%- endif -%}
{%- endmacro %}

{#- Restricts rows to the identifiers that this batch can have moved to another contact. -#}
{% macro only_identifiers_in_scope(column='identifier_key') -%}
    {{ only_in_scope(column, 'scope_identifiers') }}
{%- endmacro %}

{#- The facts to fold: all, or those of the contacts that this batch touches. -#}
{% macro attributed_facts() -%}
    {{ rows_of_batch('int_facts_attributed') }}
{%- endmacro %}

{#-
    Rows of a live model: all, or what it makes of this batch. A model that appends has the rows of the new events, one
    that replaces the rows of everything in scope. The ref is resolved in both forms: it is what tells the live path
    the order of the models.
-#}
{% macro rows_of_batch(model_name) -%}
    {%- set all_rows = ref(model_name) -%}
    {%- if var('live') -%} {{ source('live', model_name) }} {%- else -%} {{ all_rows }} {%- endif -%}
{%- endmacro %}
