{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'inline'}}) }}

with candidates as materialized (

    select * from {{ ref('int_rule_causes_dated') }}

),

happenings as (

    select * from {{ ref('int_happenings_told') }}

),

rules as (

    select * from {{ ref('stg_tenants__rules') }}

),

-- What the rule says cancels it, and what takes back or overtakes the fact itself, whatever the rule says.
awaited as (

    select
        candidates.candidate_key,
        candidates.tenant_id,
        candidates.fact_type,
        candidates.fact_order,
        candidates.occurred_at,
        candidates.due_at,
        candidates.contact_id,
        candidates.booking_id,
        candidates.track,
        concat_ws('/', candidates.payment_id, candidates.part_id) as dispute,
        candidates.thing,
        candidates.entity_kind || ':' || candidates.entity_id as entity,
        unnest(
            list_transform(
                rules.unless_happened,
                lambda u: { 'fact_type': u['fact_type'], 'scope': u['scope'], 'undoes': false }
            )
            || list_transform(
                list_filter(rules.undone_by, lambda u: u['cause'] = candidates.fact_type),
                lambda u: { 'fact_type': u['fact_type'], 'scope': {{ undone_scope() }}, 'undoes': true }
            )
            || if(
                candidates.fact_type = 'stage.changed',
                [],
                [{ 'fact_type': candidates.fact_type, 'scope': {{ undone_scope() }}, 'undoes': false }]
            )
        ) as unless
    from candidates
    inner join rules on candidates.tenant_id = rules.tenant_id and candidates.rule_id = rules.rule_id
    where len(rules.unless_happened) + len(rules.undone_by) > 0

),

awaited_about as (

    select
        *,
        {
            'fact_type': unless['fact_type'],
            'scope': unless['scope'],
            'value': case unless['scope']
                when 'contact' then contact_id
                when 'booking' then booking_id
                when 'track' then track
                when 'dispute' then dispute
                else entity
            end
        } as about
    from awaited

),

-- After the cause: what came at the same instant is no answer to it, nor is what tells of it once more. A fact that
-- tells once more of a payment that is given back by then takes itself back.
after_the_cause as (

    select
        awaited_about.candidate_key,
        awaited_about.due_at,
        awaited_about.unless['scope'] in ('track', 'dispute') as is_of_track,
        happenings.fact_order,
        {
            'at': happenings.occurred_at,
            'fact_type': happenings.fact_type,
            'source_event_id': happenings.source_event_id,
            'event_id': happenings.event_id,
            'undoes': awaited_about.unless['undoes']
        } as happening
    from awaited_about
    inner join happenings
        on
            awaited_about.tenant_id = happenings.tenant_id
            and awaited_about.about = happenings.about
            and awaited_about.occurred_at <= happenings.occurred_at
    where
        case
            when awaited_about.unless['scope'] in ('track', 'dispute')
                then
                    happenings.fact_order > awaited_about.fact_order
                    or (
                        happenings.fact_order = awaited_about.fact_order
                        and awaited_about.unless['fact_type'] <> awaited_about.fact_type
                    )
            else happenings.occurred_at > awaited_about.occurred_at and happenings.thing <> awaited_about.thing
        end

),

-- Of what takes the cause back the newest counts.
prevented as (

    select
        candidate_key,
        min(happening) filter (where not is_of_track) as prevention,
        arg_max(happening, fact_order) filter (where is_of_track) as newest,
        arg_max(happening, fact_order) filter (where is_of_track and happening['at'] <= due_at) as newest_when_due
    from after_the_cause
    group by candidate_key

),

final as (

    select
        candidates.*,
        prevented.prevention,
        case when prevented.newest['undoes'] then prevented.newest end as undoing,
        case when prevented.newest_when_due['undoes'] then prevented.newest_when_due end as undoing_when_due
    from candidates
    left join prevented on candidates.candidate_key = prevented.candidate_key

)

select * from final
