with decisions as (

    select * from {{ ref('fct_decisions') }}

),

outcomes as (

    select * from {{ ref('fct_command_outcomes') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

final as (

    select
        decisions.tenant_id,
        decisions.rule_id,
        decisions.command_type,
        (decisions.due_at at time zone tenants.zone)::date as due_date,
        count(*) as count_considered,
        count(*) filter (where decisions.verdict = 'intended') as count_intended,
        -- Nothing has become of these yet, nothing stops them, and they have not expired.
        count(*) filter (
            where
            decisions.verdict = 'intended' and outcomes.outcome is null and decisions.stopped_by is null
            and decisions.expires_at > now()
        ) as count_to_do,
        count(*) filter (where decisions.verdict = 'refused') as count_refused,
        count(*) filter (where decisions.verdict = 'held_out') as count_held_out,
        count(*) filter (where decisions.verdict = 'shadow') as count_shadow,
        count(*) filter (where outcomes.outcome in ('done', 'delivered')) as count_done,
        count(*) filter (where outcomes.outcome in ('failed', 'undelivered')) as count_failed,
        count(*) filter (where outcomes.outcome = 'suppressed') as count_suppressed,
        count(*) filter (where outcomes.outcome = 'uncertain') as count_uncertain
    from decisions
    inner join tenants on decisions.tenant_id = tenants.tenant_id
    left join outcomes on decisions.tenant_id = outcomes.tenant_id and decisions.command_key = outcomes.command_key
    group by all

)

select * from final
