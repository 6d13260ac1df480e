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

cancellable as (

    select
        candidates.*,
        rules.unless_happened,
        rules.undone_by
    from candidates
    inner join rules on candidates.tenant_id = rules.tenant_id and candidates.rule_id = rules.rule_id
    where len(rules.unless_happened) + len(rules.undone_by) > 0

),

-- What the rule says cancels it, and what takes back or overtakes the fact itself, whatever the rule says.
awaited as (

    select
        candidate_key,
        tenant_id,
        fact_type,
        fact_order,
        occurred_at,
        due_at,
        contact_id,
        booking_id,
        track,
        concat_ws('/', payment_id, part_id) as dispute,
        thing,
        entity_kind || ':' || entity_id as entity,
        unnest(
            list_transform(
                unless_happened,
                lambda u: { 'fact_type': u['fact_type'], 'scope': u['scope'], 'undoes': false }
            )
            || list_transform(
                list_filter(undone_by, lambda u: u['cause'] = fact_type),
                lambda u: { 'fact_type': u['fact_type'], 'scope': {{ undone_scope() }}, 'undoes': true }
            )
            || if(
                fact_type = 'stage.changed',
                [],
                [{ 'fact_type': fact_type, 'scope': {{ undone_scope() }}, 'undoes': false }]
            )
        ) as unless
    from cancellable

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
