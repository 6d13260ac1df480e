{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

bookings as (

    select
        contact_id,
        count(*) as count_bookings,
        count(*) filter (where status = 'completed') as count_bookings_completed
    from {{ ref('fct_bookings') }}
    group by contact_id

),

payments as (

    select
        contact_id,
        currency,
        sum(net_minor) as amount_paid_minor
    from {{ ref('fct_payments') }}
    where succeeded_at is not null
    group by contact_id, currency

),

messages as (

    select
        contact_id,
        count(*) as count_messages
    from {{ ref('fct_messages') }}
    group by contact_id

),

folded as (

    select
        tenant_id,
        contact_id,
        {{ best_name() }} as person_name,
        {{ new_surname() }} as new_surname,
        arg_max(company, fact_order) as company,
        arg_max(phone, fact_order) as phone,
        max({ 'fact_order': fact_order, 'phone': phone, 'phone_extension': phone_extension })
        filter (where phone is not null).phone_extension as phone_extension,
        max({ 'fact_order': fact_order, 'text': phone_as_given, 'is_nobodys': is_phone_nobodys })
        filter (where phone_as_given is not null) as given_phone,
        arg_max(email, fact_order) as email,
        max({ 'fact_order': fact_order, 'text': email_as_given, 'is_nobodys': is_email_nobodys })
        filter (where email_as_given is not null) as given_email,
        -- An id is all that some systems tell: it is shown, and found by.
        min(contact_ref) filter (where contact_ref_key is not null) as contact_ref,
        bool_or(has_person) as is_identified,
        arg_min({{ one_spelling('channel') }}, fact_order) filter (where fact_family in ('touch', 'lead'))
            as acquisition_channel,
        arg_min(campaign, fact_order) filter (where fact_family in ('touch', 'lead')) as acquisition_campaign,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from facts
    group by tenant_id, contact_id

),

named as (

    select
        *,
        {{ name_columns('person_name', 'new_surname') }}
    from folded

),

final as (

    select
        named.tenant_id,
        named.contact_id,
        coalesce(
            named.full_name,
            named.company,
            named.email,
            named.phone,
            {{ shown_id('named.contact_ref') }},
            'Unknown'
        ) as display_name,
        named.first_name,
        named.last_name,
        named.company,
        named.phone,
        named.phone_extension,
        case when named.phone is null then named.given_phone.text end as phone_as_given,
        case when named.phone is null then named.given_phone.is_nobodys end as is_phone_nobodys,
        named.email,
        case when named.email is null then named.given_email.text end as email_as_given,
        case when named.email is null then named.given_email.is_nobodys end as is_email_nobodys,
        named.is_identified,
        named.acquisition_channel,
        named.acquisition_campaign,
        coalesce(bookings.count_bookings, 0) as count_bookings,
        coalesce(bookings.count_bookings_completed, 0) as count_bookings_completed,
        coalesce(messages.count_messages, 0) as count_messages,
        coalesce(payments.amount_paid_minor, 0)::bigint as amount_paid_minor,
        tenants.currency,
        named.first_seen_at,
        named.last_seen_at
    from named
    inner join tenants on named.tenant_id = tenants.tenant_id
    left join bookings on named.contact_id = bookings.contact_id
    left join messages on named.contact_id = messages.contact_id
    -- What was paid in another currency is in fct_payments; adding it up here would mix moneys.
    left join payments on named.contact_id = payments.contact_id and tenants.currency = payments.currency

)

select * from final
