{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['consent', 'message']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ attributed_facts() }}

),

told as (

    select
        tenant_id,
        contact_id,
        source,
        coalesce(channel, 'all') as channel,
        coalesce(purpose, 'all') as purpose,
        is_granted,
        evidence,
        occurred_at as changed_at,
        event_id,
        source_event_id,
        fact_order
    from facts
    where fact_family = 'consent' and is_granted is not null

),

-- The whole text must be the keyword, as carriers have it: "please stop by" opts nobody out.
texted as (

    select
        *,
        coalesce(
            opt_out_type,
            case
                when regexp_full_match(
                    upper(trim(body)), '(STOP|STOPALL|UNSUBSCRIBE|CANCEL|END|QUIT|REVOKE|OPTOUT)[.!]?'
                ) then 'STOP'
                when regexp_full_match(upper(trim(body)), '(START|UNSTOP)[.!]?') then 'START'
            end
        ) as keyword
    from facts
    where fact_family = 'message' and direction = 'inbound' and channel in ('sms', 'whatsapp')

),

unioned as (

    select * from told
    union all by name
    select
        tenant_id,
        contact_id,
        source,
        channel,
        'all' as purpose,
        keyword = 'START' as is_granted,
        'text: ' || trim(body) as evidence,
        occurred_at as changed_at,
        event_id,
        source_event_id,
        fact_order
    from texted
    where keyword in ('STOP', 'START')

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'source', 'source_event_id', 'contact_id', 'channel', 'purpose']) }} as consent_key,
        contact_id,
        source,
        channel,
        purpose,
        is_granted,
        evidence,
        changed_at,
        event_id
    from unioned
    qualify row_number() over (
        partition by event_id, contact_id, channel, purpose order by is_granted, evidence
    ) = 1

)

select * from final
