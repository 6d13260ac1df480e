{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ attributed_facts() }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

bookings as (

    select
        contact_id,
        count(*) as count_bookings,
        count(*) filter (where status = 'completed') as count_bookings_completed
    from {{ rows_of_batch('fct_bookings') }}
    group by contact_id

),

payments as (

    select
        contact_id,
        currency,
        sum(amount_minor - refunded_minor) as amount_paid_minor
    from {{ rows_of_batch('fct_payments') }}
    where succeeded_at is not null
    group by contact_id, currency

),

messages as (

    select
        contact_id,
        count(*) as count_messages
    from {{ rows_of_batch('fct_messages') }}
    group by contact_id

),

folded as (

    select
        tenant_id,
        contact_id,
        arg_max(full_name, fact_order) as full_name,
        arg_max(first_name, fact_order) as first_name,
        arg_max(last_name, fact_order) as last_name,
        arg_max(company, fact_order) as company,
        arg_max(phone, fact_order) as phone,
        arg_max(email, fact_order) as email,
        bool_or(has_person) as is_identified,
        arg_min(lower(channel), fact_order) filter (where fact_family in ('touch', 'lead')) as acquisition_channel,
        arg_min(campaign, fact_order) filter (where fact_family in ('touch', 'lead')) as acquisition_campaign,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from facts
    group by tenant_id, contact_id

),

final as (

    select
        folded.tenant_id,
        folded.contact_id,
        coalesce(
            nullif(concat_ws(' ', folded.first_name, folded.last_name), ''),
            folded.full_name,
            folded.company,
            folded.email,
            folded.phone,
            'Unknown'
        ) as display_name,
        folded.first_name,
        folded.last_name,
        folded.company,
        folded.phone,
        folded.email,
        folded.is_identified,
        folded.acquisition_channel,
        folded.acquisition_campaign,
        coalesce(bookings.count_bookings, 0) as count_bookings,
        coalesce(bookings.count_bookings_completed, 0) as count_bookings_completed,
        coalesce(messages.count_messages, 0) as count_messages,
        coalesce(payments.amount_paid_minor, 0)::bigint as amount_paid_minor,
        tenants.currency,
        folded.first_seen_at,
        folded.last_seen_at
    from folded
    inner join tenants on folded.tenant_id = tenants.tenant_id
    left join bookings on folded.contact_id = bookings.contact_id
    left join messages on folded.contact_id = messages.contact_id
    -- What was paid in another currency is in fct_payments; adding it up here would mix moneys.
    left join payments on folded.contact_id = payments.contact_id and tenants.currency = payments.currency

)

select * from final
