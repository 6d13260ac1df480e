with decisions as (

    select * from {{ ref('fct_decisions') }}

),

bookings as (

    select * from {{ ref('fct_bookings') }}

),

rules as (

    select * from {{ ref('dim_rules') }}
    where holdout_percent > 0

),

-- A contact counts once per rule, from the first time that the rule meant it.
met as (

    select
        decisions.tenant_id,
        decisions.rule_id,
        decisions.contact_id,
        min(decisions.due_at) as met_at,
        bool_or(decisions.verdict = 'held_out') as is_held_out
    from decisions
    inner join rules on decisions.tenant_id = rules.tenant_id and decisions.rule_id = rules.rule_id
    where decisions.verdict in ('intended', 'held_out')
    group by decisions.tenant_id, decisions.rule_id, decisions.contact_id

),

followed as (

    select
        met.tenant_id,
        met.rule_id,
        met.contact_id,
        met.is_held_out,
        count(bookings.booking_key) > 0 as has_booked
    from met
    left join bookings
        on
            met.contact_id = bookings.contact_id
            and met.met_at < bookings.created_at
            and bookings.created_at <= met.met_at + interval 14 days
    group by all

),

final as (

    select
        tenant_id,
        rule_id,
        count(*) filter (where not is_held_out) as count_treated,
        count(*) filter (where not is_held_out and has_booked) as count_treated_booked,
        count(*) filter (where is_held_out) as count_held_out,
        count(*) filter (where is_held_out and has_booked) as count_held_out_booked,
        avg(has_booked::integer) filter (where not is_held_out) as treated_rate,
        avg(has_booked::integer) filter (where is_held_out) as held_out_rate,
        treated_rate - held_out_rate as uplift
    from followed
    group by tenant_id, rule_id

)

select * from final
