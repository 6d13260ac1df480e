{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['tenant.']}}) }}

with rules as (

    select * from {{ ref('stg_tenants__rules') }}

),

actions as (

    select
        tenant_id,
        rule_id,
        list(command_type order by command_type) as command_types,
        list(template order by command_type) filter (where template is not null) as templates
    from {{ ref('stg_tenants__rule_actions') }}
    group by tenant_id, rule_id

),

final as (

    select
        rules.tenant_id,
        concat_ws('/', rules.tenant_id, rules.rule_id) as rule_key,
        rules.rule_id,
        rules.rule_version,
        rules.facts as fact_types,
        rules.anchor,
        epoch(rules.due_offset)::bigint as offset_seconds,
        rules.once_per,
        rules.message_class,
        rules.booking_is as booking_states,
        to_json(rules.unless_happened)::varchar as unless_happened,
        to_json(rules.conditions)::varchar as conditions,
        actions.command_types,
        coalesce(actions.templates, []) as templates,
        rules.holdout_percent,
        rules.is_shadow
    from rules
    inner join actions on rules.tenant_id = actions.tenant_id and rules.rule_id = actions.rule_id

)

select * from final
