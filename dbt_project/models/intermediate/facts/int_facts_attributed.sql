{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with facts as (

    select * from {{ ref('int_facts_normalised') }}
    where {{ only_identifiers_in_scope('primary_identifier_key') }}

),

contact_identifiers as (

    select * from {{ rows_of_batch('int_contact_identifiers') }}

),

attributed as (

    select
        facts.*,
        contact_identifiers.contact_id,
        -- Total order of the facts about one entity, made of what the source says and never of arrival:
        -- its time, its own version number, how far the state is, its id.
        {
            'occurred_at': facts.occurred_at,
            'change_order': coalesce(facts.change_order, 0),
            'progress': case coalesce(facts.booking_status, facts.payment_change, facts.message_status)
                when 'pending' then 1
                when 'queued' then 1
                when 'sending' then 2
                when 'confirmed' then 3
                when 'sent' then 3
                when 'received' then 4
                when 'succeeded' then 5
                when 'delivered' then 5
                when 'cancelled' then 6
                when 'expired' then 6
                when 'declined' then 6
                when 'undelivered' then 6
                when 'failed' then 6
                when 'no_show' then 7
                when 'completed' then 7
                when 'refunded' then 7
                when 'refund' then 7
                when 'read' then 7
                when 'disputed' then 8
                else 0
            end,
            'source_event_id': facts.source_event_id
        } as fact_order
    from facts
    inner join contact_identifiers
        on facts.primary_identifier_key = contact_identifiers.identifier_key

),

-- A text that says STOP or START takes a consent back, or gives it: a fact of its own, whichever provider brought it.
told_by_text as (

    select
        * replace (
            if(opt_out_type = 'STOP', 'consent.revoked', 'consent.granted') as fact_type,
            'consent' as fact_family,
            'all' as purpose,
            opt_out_type = 'START' as is_granted,
            'text: ' || trim(body) as evidence,
            cast(null as varchar) as entity_kind,
            cast(null as varchar) as entity_id,
            cast(null as varchar) as message_id,
            cast(null as varchar) as message_status,
            cast(null as varchar) as direction,
            cast(null as varchar) as body
        )
    from attributed
    where fact_family = 'message' and {{ is_keyword_reply() }}

),

final as (

    select * from attributed
    union all by name
    select * from told_by_text

)

select * from final
