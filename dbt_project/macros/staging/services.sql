{#- What a CTE selects to have a business's services beside its events: one row for each business. -#}
{% macro offered_services() -%}
    select
        tenant_id,
        list(
            {
                'key': service_key, 'name': lower(name), 'full_name': name, 'ids': provider_ids
            } order by service_key
        ) as offered
    from {{ ref('stg_tenants__services') }}
    group by tenant_id
{%- endmacro %}

{#-
    The key of the service that a source tells of, by its id there (`id`) or its key, else by its name; NULL if the
    business has none such. `offered` is the column of offered_services.
-#}
{% macro service_key(source, id, name, offered='offered') -%}
    coalesce(
            list_filter(
                {{ offered }}, lambda service: {{ id }} in (service.ids ->> '$."{{ source }}"', service.key)
            )[1].key,
            list_filter({{ offered }}, lambda service: service.name = lower({{ name }}))[1].key
        )
{%- endmacro %}
