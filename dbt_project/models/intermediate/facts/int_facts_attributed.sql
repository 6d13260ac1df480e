{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with facts as (

    select * from {{ ref('int_facts_normalised') }}
    where {{ only_identifiers_in_scope('primary_identifier_key') }}

),

contact_identifiers as (

    select * from {{ rows_of_batch('int_contact_identifiers') }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

-- What names its charge alone is about the payment of that charge, which shares its contact by charge_ref_key and so is
-- in every batch with it.
charges as (

    select
        tenant_id,
        charge_id,
        max(payment_id) as payment_id
    from facts
    where charge_ref_key is not null
    group by tenant_id, charge_id

),

settled_bookings as (

    {{ settled_bookings('facts', 'tenants') }}

),

attributed as (

    select
        facts.* exclude (facts.status_basis, facts.told_on)
        replace (
            coalesce(settled_bookings.settled_at, facts.occurred_at) as occurred_at,
            if(settled_bookings.event_id is null, facts.fact_type, settled_bookings.settled_type) as fact_type,
            settled_bookings.settled_status as booking_status,
            if(
                settled_bookings.event_id is null, facts.is_reschedule, settled_bookings.is_settled_move
            ) as is_reschedule,
            if(facts.payment_id is null, null, coalesce(charges.payment_id, facts.payment_id)) as payment_id,
            coalesce(charges.payment_id, facts.entity_id) as entity_id
        ),
        contact_identifiers.contact_id,
        -- Total order of the facts about one entity, made of what the source says and never of arrival:
        -- its time, its own version number, how far the state is, its id.
        {
            'occurred_at': coalesce(settled_bookings.settled_at, facts.occurred_at),
            'change_order': coalesce(settled_bookings.change_order, facts.change_order, 0),
            'progress': {{ progress_of('coalesce(
                settled_bookings.settled_status, facts.payment_change, facts.message_status
            )') }},
            'source_event_id': facts.source_event_id
        } as fact_order
    from facts
    inner join contact_identifiers
        on facts.primary_identifier_key = contact_identifiers.identifier_key
    left join settled_bookings
        on facts.event_id = settled_bookings.event_id and facts.fact_family = 'booking'
    left join charges
        on
            facts.tenant_id = charges.tenant_id
            and facts.entity_id = charges.charge_id
            and facts.entity_kind = 'payment'

),

-- A text that says STOP or START takes a consent back, or gives it: a fact of its own, whichever provider brought it.
-- So does a provider that sends nothing more to a number, because it was told STOP where we were not.
told_by_text as (

    select
        * replace (
            if(opt_out_type = 'START', 'consent.granted', 'consent.revoked') as fact_type,
            'consent' as fact_family,
            'all' as purpose,
            coalesce(opt_out_type = 'START', false) as is_granted,
            if(direction = 'inbound', {{ reply_evidence() }}, 'the provider knows a STOP: error ' || error_code)
                as evidence,
            cast(null as varchar) as entity_kind,
            cast(null as varchar) as entity_id,
            cast(null as varchar) as message_id,
            cast(null as varchar) as message_status,
            cast(null as varchar) as direction,
            cast(null as varchar) as body
        )
    from attributed
    where fact_family = 'message' and ({{ is_keyword_reply() }} or {{ is_refused_for_stop() }})

),

final as (

    select * from attributed
    union all by name
    select * from told_by_text

)

select * from final
