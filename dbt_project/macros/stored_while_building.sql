{#- A view that is a table for as long as a build takes, since many models read it: of a build of 200,000 events, the
    three of them take 155 s as views and 58 as tables. Afterwards it is a view again, so that the live path has nothing
    to keep. -#}

{% materialization stored_while_building, adapter="duckdb" %}
    {%- set before = load_cached_relation(this) -%}
    {%- if before is not none -%}
        {%- do adapter.drop_relation(before) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        create table {{ this }} as ({{ compiled_code }})
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{#- What follows a build: each such table is the view that it stands for. -#}
{% macro end_storing(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- for result in results
            if result.node.config.materialized == 'stored_while_building' and result.status == 'success' %}
            drop table {{ result.node.relation_name }};
            create view {{ result.node.relation_name }} as ({{ result.node.compiled_code }});
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
