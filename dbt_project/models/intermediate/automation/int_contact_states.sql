{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

booking_states as (

    select * from {{ ref('int_booking_states') }}

),

payments as (

    select * from {{ ref('int_payment_facts') }}

),

-- What each fact makes of the booking, payment or message that it tells of.
entities as (

    select
        facts.tenant_id,
        facts.contact_id,
        facts.fact_order,
        facts.occurred_at,
        facts.fact_family,
        facts.entity_id,
        facts.full_name,
        facts.first_name,
        facts.last_name,
        facts.name_rank,
        case when facts.contact_ref_key is not null then facts.contact_ref end as contact_ref,
        facts.company,
        facts.phone,
        facts.email,
        facts.has_person,
        case when facts.fact_family in ('touch', 'lead') then {{ one_spelling('facts.channel') }} end
            as acquisition_channel,
        case when facts.fact_family in ('touch', 'lead') then facts.campaign end as acquisition_campaign,
        row_number() over so_far = 1 as is_first_of_entity,
        facts.fact_family = 'booking'
        and last_value(facts.booking_status ignore nulls) over so_far = 'completed' as is_completed,
        -- A fact that the payments leave out, such as a refund in another currency, leaves what was paid as it was.
        coalesce(
            last_value(
                case
                    when payments.event_id is not null
                        then if(payments.currency_so_far = tenants.currency, coalesce(payments.net_so_far, 0), 0)
                end ignore nulls
            ) over so_far,
            0
        ) as paid_minor,
        tenants.currency as tenant_currency
    from facts
    inner join tenants on facts.tenant_id = tenants.tenant_id
    left join payments
        on
            facts.tenant_id = payments.tenant_id
            and if(facts.fact_family = 'payment', facts.event_id, null) = payments.event_id
    window so_far as (
        partition by facts.tenant_id, facts.fact_family, facts.entity_id order by facts.fact_order
        rows between unbounded preceding and current row
    )

),

changes as (

    select
        *,
        coalesce(is_completed, false)::integer
        - coalesce(lag(is_completed) over of_entity, false)::integer as completed_change,
        paid_minor - coalesce(lag(paid_minor) over of_entity, 0) as paid_change
    from entities
    window of_entity as (partition by tenant_id, fact_family, entity_id order by fact_order)

),

-- By range: facts of one delivery can be equal in order, and each state has all of them.
running as (

    select
        tenant_id,
        contact_id,
        occurred_at as valid_from,
        fact_order,
        tenant_currency as currency,
        {{ best_name(over='so_far') }} as person_name,
        {{ new_surname(over='so_far') }} as new_surname,
        min(contact_ref) over so_far as contact_ref,
        last_value(company ignore nulls) over so_far as company,
        last_value(phone ignore nulls) over so_far as phone,
        last_value(email ignore nulls) over so_far as email,
        bool_or(has_person) over so_far as is_identified,
        first_value(acquisition_channel ignore nulls) over so_far as acquisition_channel,
        first_value(acquisition_campaign ignore nulls) over so_far as acquisition_campaign,
        count(*) filter (where fact_family = 'booking' and is_first_of_entity) over so_far as count_bookings,
        sum(completed_change) over so_far as count_bookings_completed,
        count(*) filter (where fact_family = 'message' and is_first_of_entity) over so_far as count_messages,
        sum(paid_change) over so_far as amount_paid_minor,
        min(occurred_at) over so_far as first_seen_at
    from changes
    window so_far as (
        partition by tenant_id, contact_id order by fact_order
        range between unbounded preceding and current row
    )

),

-- Of several facts of one instant, the state after the last.
settled as (

    select *
    from running
    qualify row_number() over (partition by tenant_id, contact_id, valid_from order by fact_order desc) = 1

),

upcoming as (

    select
        settled.tenant_id,
        settled.contact_id,
        settled.valid_from,
        count(*) as count_bookings_upcoming
    from settled
    inner join booking_states
        on
            settled.tenant_id = booking_states.tenant_id
            and settled.contact_id = booking_states.contact_id
            and {{ is_upcoming('booking_states', 'settled.valid_from') }}
    group by all

),

counted as (

    select
        settled.*,
        coalesce(upcoming.count_bookings_upcoming, 0) as count_bookings_upcoming
    from settled
    left join upcoming
        on
            settled.tenant_id = upcoming.tenant_id
            and settled.contact_id = upcoming.contact_id
            and settled.valid_from = upcoming.valid_from

),

named as (

    select
        * exclude (person_name, new_surname),  -- noqa: RF03
        {{ name_columns('person_name', 'new_surname') }}
    from counted

),

bounded as (

    select
        * exclude (fact_order, full_name, contact_ref, count_bookings_completed, amount_paid_minor),
        coalesce(full_name, company, email, phone, {{ shown_id('contact_ref') }}, 'Unknown') as display_name,
        count_bookings_completed::bigint as count_bookings_completed,
        amount_paid_minor::bigint as amount_paid_minor,
        valid_from as last_seen_at,
        lead(valid_from) over (partition by tenant_id, contact_id order by valid_from) as valid_until
    from named

),

final as (

    select
        *,
        {{ contact_fields() }} as fields
    from bounded

)

select * from final
