{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['payment']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_payment_facts') }}

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'payment_id', 'source', 'source_event_id']) }} as payment_change_key,
        {{ hash_key(['tenant_id', 'payment_id']) }} as payment_key,
        payment_id,
        payment_contact_id as contact_id,
        source,
        fact_type as type,
        occurred_at,
        received_at,
        row_number() over payment as change_number,
        payment_change,
        currency_so_far as currency,
        received_money_at,
        paid_minor,
        paid_version,
        refunded_minor,
        refund_step,
        part_id,
        part_status,
        part_minor,
        part_version,
        (coalesce(received_so_far, 0) - coalesce(lag(received_so_far) over payment, 0))::bigint
            as received_change_minor,
        (refunded_so_far - coalesce(lag(refunded_so_far) over payment, 0))::bigint as refunded_change_minor,
        (lost_so_far - coalesce(lag(lost_so_far) over payment, 0))::bigint as lost_change_minor,
        net_so_far as net_minor,
        event_id
    from facts
    window payment as (partition by tenant_id, payment_id order by fact_order)

)

select * from final
