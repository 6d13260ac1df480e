{#- Every thing that a figure counts, with the instant that it counts at; the figures are sums over these rows, so that
    whoever doubts one can list what it is made of. An instant depends on what happened up to then and not on what
    came of it later: a period that is over stays as it is, but for facts that arrive late. -#}

with contacts as (

    select * from {{ ref('dim_contacts') }}

),

timeline as (

    select * from {{ ref('fct_timeline') }}

),

bookings as (

    select * from {{ ref('fct_bookings') }}

),

-- Money of an unknown currency is in no figure: rpt_odd_money lists it.
payments as (

    select * from {{ ref('fct_payments') }}
    where currency is not null

),

payment_changes as (

    select * from {{ ref('fct_payment_changes') }}

),

messages as (

    select * from {{ ref('fct_messages') }}

),

consents as (

    select * from {{ ref('fct_consents') }}

),

outcomes as (

    select * from {{ ref('fct_command_outcomes') }}

),

answered_leads as (

    select * from {{ ref('rpt_speed_to_lead') }}

),

tasks as (

    select * from {{ ref('fct_tasks') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

leads as (

    select * from timeline
    where type = 'lead.created'

),

booked_leads as (

    select
        leads.tenant_id,
        leads.timeline_key,
        leads.contact_id,
        leads.occurred_at,
        bookings.created_at as until_at
    from leads
    asof inner join bookings
        on
            leads.tenant_id = bookings.tenant_id
            and leads.contact_id = bookings.contact_id
            and leads.occurred_at <= bookings.created_at

),

-- Each change of what a payment gave back, or lost to a dispute; a refund that fails takes its part back.
returned as (

    select
        changes.tenant_id,
        changes.payment_change_key,
        changes.payment_key,
        changes.occurred_at,
        changes.refunded_change_minor,
        changes.lost_change_minor,
        payments.contact_id,
        payments.currency,
        payments.service_name,
        -- The tax in what is left after the change, less that in what was left before it.
        {{ share_of('payments.tax_minor', 'changes.net_minor', 'payments.amount_minor') }}
        - {{ share_of(
            'payments.tax_minor',
            '(changes.net_minor + changes.refunded_change_minor + changes.lost_change_minor)',
            'payments.amount_minor'
        ) }} as tax_change_minor
    from payment_changes as changes
    inner join payments on changes.tenant_id = payments.tenant_id and changes.payment_key = payments.payment_key
    where changes.refunded_change_minor <> 0 or changes.lost_change_minor <> 0

),

changed_bookings as (

    select
        timeline.tenant_id,
        timeline.timeline_key,
        timeline.type,
        timeline.occurred_at,
        bookings.booking_key,
        bookings.contact_id,
        bookings.service_name
    from timeline
    inner join bookings on timeline.tenant_id = bookings.tenant_id and timeline.entity_id = bookings.booking_id
    where timeline.type in ('booking.completed', 'booking.cancelled', 'booking.no_show')

),

first_bookings as (

    select * from bookings
    qualify row_number() over (partition by tenant_id, contact_id order by created_at, booking_key) = 1

),

measured as (

    select
        tenant_id,
        'contacts_new' as metric,
        contact_id as source_key,
        contact_id as entity_key,
        contact_id,
        first_seen_at as measured_at,
        null::timestamptz as until_at,
        null::bigint as value,
        null::varchar as currency,
        null::varchar as service_name
    from contacts
    where is_identified

    union all by name

    select
        tenant_id,
        unnest(['leads_new', 'lead_contacts']) as metric,
        timeline_key as source_key,
        unnest([timeline_key, contact_id]) as entity_key,
        contact_id,
        occurred_at as measured_at
    from leads

    union all by name

    select
        tenant_id,
        'leads_booked' as metric,
        timeline_key as source_key,
        contact_id as entity_key,
        contact_id,
        occurred_at as measured_at,
        until_at
    from booked_leads

    union all by name

    select
        tenant_id,
        unnest(['speed_to_lead', 'speed_to_lead_human']) as metric,
        lead_key as source_key,
        lead_key as entity_key,
        contact_id,
        unnest([
            if(first_answer_at is not null, lead_at, null), if(first_human_answer_at is not null, lead_at, null)
        ]) as measured_at,
        unnest([first_answer_at, first_human_answer_at]) as until_at,
        unnest([first_answer_seconds, first_human_answer_seconds]) as value
    from answered_leads

    union all by name

    select
        tenant_id,
        unnest(['bookings_created', 'customers']) as metric,
        booking_key as source_key,
        unnest([booking_key, contact_id]) as entity_key,
        contact_id,
        created_at as measured_at,
        service_name
    from bookings

    union all by name

    select
        tenant_id,
        'customers_new' as metric,
        booking_key as source_key,
        contact_id as entity_key,
        contact_id,
        created_at as measured_at
    from first_bookings

    union all by name

    select
        tenant_id,
        unnest(['booking_value', 'bookings_priced']) as metric,
        booking_key as source_key,
        booking_key as entity_key,
        contact_id,
        created_at as measured_at,
        price_minor as value,
        currency,
        service_name
    from bookings
    where price_minor is not null

    union all by name

    select
        tenant_id,
        unnest(
            case type
                when 'booking.cancelled' then ['bookings_cancelled']
                else [replace(type, 'booking.', 'bookings_'), 'bookings_held']
            end
        ) as metric,
        timeline_key as source_key,
        booking_key as entity_key,
        contact_id,
        occurred_at as measured_at,
        service_name
    from changed_bookings

    union all by name

    select
        tenant_id,
        'revenue_received' as metric,
        payment_key as source_key,
        payment_key as entity_key,
        contact_id,
        succeeded_at as measured_at,
        amount_minor as value,
        currency,
        service_name
    from payments
    where succeeded_at is not null and amount_minor is not null

    union all by name

    select
        tenant_id,
        unnest(['tax_collected', 'revenue_before_tax']) as metric,
        payment_key as source_key,
        payment_key as entity_key,
        contact_id,
        succeeded_at as measured_at,
        unnest([tax_minor, before_tax_minor]) as value,
        currency,
        service_name
    from payments
    where succeeded_at is not null and before_tax_minor is not null

    union all by name

    select
        tenant_id,
        unnest(['tax_collected', 'revenue_before_tax']) as metric,
        payment_change_key as source_key,
        payment_key as entity_key,
        contact_id,
        occurred_at as measured_at,
        unnest([tax_change_minor, -refunded_change_minor - lost_change_minor - tax_change_minor]) as value,
        currency,
        service_name
    from returned
    where tax_change_minor is not null

    union all by name

    select
        tenant_id,
        unnest(['revenue_refunded', 'revenue_lost', 'revenue_returned']) as metric,
        payment_change_key as source_key,
        payment_key as entity_key,
        contact_id,
        if(unnest([
            refunded_change_minor, lost_change_minor, refunded_change_minor + lost_change_minor
        ]) <> 0, occurred_at, null) as measured_at,
        unnest([
            refunded_change_minor, lost_change_minor, refunded_change_minor + lost_change_minor
        ]) as value,
        currency,
        service_name
    from returned

    union all by name

    select
        tenant_id,
        if(direction = 'inbound', 'messages_in', 'messages_out') as metric,
        message_key as source_key,
        message_key as entity_key,
        contact_id,
        created_at as measured_at
    from messages

    union all by name

    select
        tenant_id,
        'opt_outs' as metric,
        consent_key as source_key,
        contact_id as entity_key,
        contact_id,
        changed_at as measured_at
    from consents
    where not is_granted

    union all by name

    select
        tenant_id,
        unnest(['commands_sent', 'commands_failed']) as metric,
        command_key as source_key,
        command_key as entity_key,
        contact_id,
        unnest([done_at, failed_at]) as measured_at
    from outcomes

    union all by name

    select
        tenant_id,
        unnest(['tasks_created', 'tasks_done', 'tasks_overdue']) as metric,
        task_key as source_key,
        task_key as entity_key,
        contact_id,
        unnest([
            created_at, if(status = 'done', completed_at, null), if(due_at is null, null, greatest(due_at, created_at))
        ]) as measured_at,
        unnest([null, null, completed_at]) as until_at
    from tasks

),

final as (

    select
        measured.tenant_id,
        concat_ws('/', measured.tenant_id, measured.metric, measured.source_key) as measurement_key,
        measured.metric,
        measured.entity_key,
        measured.contact_id,
        measured.measured_at,
        (measured.measured_at at time zone tenants.zone)::date as measured_date,
        (measured.until_at at time zone tenants.zone)::date as until_date,
        measured.value,
        measured.currency,
        measured.service_name,
        contacts.acquisition_channel
    from measured
    inner join tenants on measured.tenant_id = tenants.tenant_id
    left join contacts on measured.tenant_id = contacts.tenant_id and measured.contact_id = contacts.contact_id
    where measured.measured_at is not null

)

select * from final
