with contacts as (

    select * from {{ ref('dim_contacts') }}

),

payments as (

    select * from {{ ref('fct_payments') }}
    where succeeded_at is not null

),

spend as (

    select
        tenant_id,
        spend_month as acquisition_month,
        sum(spend_minor)::bigint as spend_minor
    from {{ ref('fct_channel_spend') }}
    group by tenant_id, spend_month

),

settings as (

    select * from {{ ref('dim_attribution_settings') }}

),

acquired as (

    select
        contacts.tenant_id,
        contacts.contact_id,
        date_trunc('month', contacts.first_seen_at at time zone settings.zone)::date as acquisition_month
    from contacts
    inner join settings on contacts.tenant_id = settings.tenant_id

),

sizes as (

    select
        tenant_id,
        acquisition_month,
        count(*) as count_contacts
    from acquired
    group by tenant_id, acquisition_month

),

received as (

    select
        acquired.tenant_id,
        acquired.acquisition_month,
        date_trunc('month', payments.succeeded_at at time zone settings.zone)::date as revenue_month,
        coalesce(sum(payments.net_minor), 0)::bigint as revenue_minor
    from payments
    inner join acquired on payments.tenant_id = acquired.tenant_id and payments.contact_id = acquired.contact_id
    inner join settings on payments.tenant_id = settings.tenant_id and payments.currency = settings.currency
    group by all

),

cohorts as (

    select
        coalesce(sizes.tenant_id, spend.tenant_id) as tenant_id,
        coalesce(sizes.acquisition_month, spend.acquisition_month) as acquisition_month,
        coalesce(sizes.count_contacts, 0) as count_contacts,
        coalesce(spend.spend_minor, 0) as spend_minor
    from sizes
    full join spend
        on sizes.tenant_id = spend.tenant_id and sizes.acquisition_month = spend.acquisition_month

),

-- Up to the newest month in which anything is known of the business: later ones have not been yet.
known as (

    select
        tenant_id,
        acquisition_month as known_month
    from cohorts
    union all by name
    select
        tenant_id,
        revenue_month as known_month
    from received

),

newest as (

    select
        tenant_id,
        max(known_month) as known_month
    from known
    group by tenant_id

),

months as (

    select
        cohorts.*,
        unnest(generate_series(cohorts.acquisition_month, newest.known_month, interval 1 month))::date as revenue_month
    from cohorts
    inner join newest on cohorts.tenant_id = newest.tenant_id

),

accumulated as (

    select
        months.tenant_id,
        months.acquisition_month,
        date_diff('month', months.acquisition_month, months.revenue_month) as months_since,
        months.count_contacts,
        months.spend_minor,
        coalesce(received.revenue_minor, 0) as revenue_minor,
        sum(coalesce(received.revenue_minor, 0)) over (
            partition by months.tenant_id, months.acquisition_month order by months.revenue_month
        )::bigint as revenue_so_far_minor
    from months
    left join received
        on
            months.tenant_id = received.tenant_id
            and months.acquisition_month = received.acquisition_month
            and months.revenue_month = received.revenue_month

),

final as (

    select
        accumulated.tenant_id,
        accumulated.acquisition_month,
        accumulated.months_since,
        accumulated.count_contacts,
        accumulated.spend_minor,
        accumulated.revenue_minor,
        accumulated.revenue_so_far_minor,
        accumulated.revenue_so_far_minor >= accumulated.spend_minor as is_paid_back,
        min(if(accumulated.revenue_so_far_minor >= accumulated.spend_minor, accumulated.months_since, null)) over (
            partition by accumulated.tenant_id, accumulated.acquisition_month
        ) as payback_months,
        settings.currency
    from accumulated
    inner join settings on accumulated.tenant_id = settings.tenant_id

)

select * from final
