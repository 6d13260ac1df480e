{#-
    One model, two forms. `dbt build` computes every model from the whole log. The live path compiles the same
    models once with `live: true` and runs them for each batch of new events; these macros are the difference.
    The tables of the source `live` are temporary, made per batch: see pipelines/lib/live_path.py.
-#}

{#- The events that staging reads: the whole log, or this batch. -#}
{% macro logged_events() -%}
    {%- set all_events = ref('stg_event_log__events') -%}
    {%- if var('live') -%} {{ source('live', 'new_events') }} {%- else -%} {{ all_events }} {%- endif -%}
{%- endmacro %}

{#- Restricts event-grain rows to the events of this batch. -#}
{% macro only_new_events(column='sequence') -%}
    {%- if var('live') -%} {{ column }} > getvariable('modelled_sequence') {%- else -%} true {%- endif -%}
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

{#-
    The facts to fold: all, or those of the contacts that this batch touches.
-#}
{% macro attributed_facts() -%}
    {{ scratch('int_facts_attributed') }}
{%- endmacro %}

{#- Restricts rows of another mart to the contacts that this batch touches. -#}
{% macro only_contacts_in_scope() -%}
    {{ only_in_scope('contact_id', 'touched_contacts') }}
{%- endmacro %}

{#-
    Rows of a model that the live path computes for the contacts in scope and keeps for the batch only. The ref is
    resolved in both forms: it is what tells the live path the order of the models.
-#}
{% macro scratch(model_name) -%}
    {%- set all_rows = ref(model_name) -%}
    {%- if var('live') -%} {{ source('live', model_name) }} {%- else -%} {{ all_rows }} {%- endif -%}
{%- endmacro %}
