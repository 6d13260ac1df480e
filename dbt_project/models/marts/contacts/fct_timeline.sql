{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}

),

told as (

    select
        *,
        concat_ws('|', {{ told_thing() }}, unread_times::varchar) as discriminator,
        case fact_family
            when 'booking' then coalesce(service_name, detail)
            when 'payment'
                then case
                    when payment_change = 'disputed'
                        then concat_ws(
                            ', ',
                            failure_reason,
                            part_status,
                            'fee ' || {{ amount_text('fee_minor', 'currency') }},
                            'answer by ' || strftime(respond_by, '%Y-%m-%d')
                        )
                    when payment_change in ('failed', 'cancelled', 'refund') then failure_reason
                    else method
                end
            when 'message' then coalesce(body, {{ attachments_in_words('attachments') }})
            when 'lead' then coalesce(interest, campaign, channel)
            when 'touch' then coalesce(campaign, channel)
            when 'consent' then evidence
            else detail
        end as told_detail
    from facts
    where fact_type not in ('message.queued', 'message.sending')

),

first_told as (

    select
        *,
        md5(concat_ws('|', tenant_id, fact_type, discriminator)) as timeline_key,
        -- When we knew of it first, which another delivery than the earliest can have told.
        min(sequence) over (partition by tenant_id, fact_type, discriminator) as first_sequence,
        min(received_at) over (partition by tenant_id, fact_type, discriminator) as first_received_at
    from told
    qualify row_number() over (
        partition by tenant_id, fact_type, discriminator
        -- One delivery can tell a fact twice, in other words: the choice is the same whatever order rows come in.
        order by occurred_at, source_event_id, sequence, contact_id, told_detail nulls last, title nulls last, entity_id
    ) = 1

),

final as (

    select
        tenant_id,
        timeline_key,
        contact_id,
        occurred_at,
        source,
        fact_type as type,
        coalesce(title, {{ timeline_title('fact_type', 'channel') }}) as title,
        nullif(
            concat_ws(
                ', ',
                coalesce(told_detail, 'Amount not read: ' || unread_amount),
                array_to_string(
                    list_transform(
                        unread_times, lambda unread: replace(unread['problem'], '_', ' ') || ': ' || unread['told']
                    ),
                    ', '
                )
            ),
            ''
        ) as detail,
        case
            when fact_family = 'payment' and payment_change = 'refunded' then coalesce(refunded_minor, amount_minor)
            when fact_family = 'payment' then coalesce(part_minor, amount_minor)
            when fact_family = 'booking' then price_minor
            when fact_family = 'touch' then cost_minor
            else amount_minor
        end as amount_minor,
        currency,
        unread_amount,
        unread_times,
        entity_id,
        event_id,
        first_sequence,
        first_received_at as received_at
    from first_told

)

select * from final
