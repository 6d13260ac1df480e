with tenants as (

    select
        *,
        (now() at time zone zone)::date as today_date
    from {{ ref('dim_tenants') }}

),

scoring as (

    select * from {{ ref('dim_scoring') }}

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

bookings as (

    select * from {{ ref('fct_bookings') }}

),

-- A task that is snoozed past its due time is due on the day that it comes back.
open_tasks as (

    select
        tasks.*,
        tenants.zone,
        tenants.currency as tenant_currency,
        tenants.today_date,
        coalesce(tasks.snoozed_until > tasks.due_at, tasks.snoozed_until is not null) as is_postponed,
        (
            if(
                coalesce(tasks.snoozed_until > tasks.due_at, tasks.snoozed_until is not null),
                tasks.snoozed_until,
                tasks.due_at
            ) at time zone tenants.zone
        )::date as due_date
    from {{ ref('fct_tasks') }} as tasks
    inner join tenants on tasks.tenant_id = tenants.tenant_id
    where tasks.status = 'todo' and coalesce(tasks.snoozed_until <= now(), true)

),

points as (

    select points.*
    from {{ ref('fct_warmness_points') }} as points
    where points.is_counted and points.contact_id in (select open_tasks.contact_id from open_tasks)

),

warmness as (

    {{ warmness('points', 'now()') }}

),

opt_outs as (

    select distinct contact_id from {{ ref('rpt_contact_opt_outs') }}
    where channel in ('sms', 'all')

),

next_bookings as (

    select
        contact_id,
        arg_min(booking_id, row(starts_at, booking_id)) as next_booking_id
    from bookings
    where status in ('pending', 'confirmed') and upcoming_until > now()
    group by contact_id

),

gathered as (

    select
        open_tasks.* exclude (open_tasks.contact_id, open_tasks.booking_id, open_tasks.title),
        if(open_tasks.has_person or contacts.is_identified, open_tasks.contact_id, null) as contact_id,
        if(open_tasks.has_person or contacts.is_identified, contacts.display_name, null) as display_name,
        coalesce(open_tasks.title, replace(open_tasks.kind, '_', ' '), 'Task') as title,
        bookings.booking_id,
        bookings.starts_at as appointment_at,
        if(bookings.currency = open_tasks.tenant_currency, bookings.price_minor, null) as value_minor,
        opt_outs.contact_id is not null as is_opted_out,
        -- Whatever they did before: who said STOP is not to be sold to.
        if(opt_outs.contact_id is null, coalesce(warmness.score, 0), 0) as warmness,
        case
            when open_tasks.is_postponed then (open_tasks.due_date + 1)::timestamp at time zone open_tasks.zone
            else open_tasks.due_at
        end as overdue_at,
        scoring.* exclude (scoring.tenant_id)
    from open_tasks
    inner join scoring on open_tasks.tenant_id = scoring.tenant_id
    left join contacts on open_tasks.contact_id = contacts.contact_id
    left join warmness on open_tasks.contact_id = warmness.contact_id
    left join opt_outs on open_tasks.contact_id = opt_outs.contact_id
    left join next_bookings on open_tasks.contact_id = next_bookings.contact_id
    left join bookings
        on
            open_tasks.tenant_id = bookings.tenant_id
            and coalesce(open_tasks.booking_id, next_bookings.next_booking_id) = bookings.booking_id

),

weighed as (

    select
        * exclude (kind_points, warmness_points, value_points, appointment_points, late_points),
        case
            when overdue_at < now() then 'overdue'
            when due_date > today_date then 'upcoming'
            else 'today'
        end as timeframe,
        floor(epoch(now()) - epoch(overdue_at))::bigint as late_seconds,
        coalesce(kind_points[kind], other_kinds_points) as kind_points,
        coalesce(
            late_points * least(
                greatest((epoch(now()) - epoch(overdue_at)) / (3600 * late_full_after_hours), 0), 1
            ),
            0
        ) as late_points,
        warmness_points * warmness / 100 as warmness_points,
        value_points * least(coalesce(value_minor, 0) / value_full_from_minor, 1) as value_points,
        if(
            appointment_at > now(),
            appointment_points * greatest(
                1 - (epoch(appointment_at) - epoch(now())) / (3600 * appointment_within_hours), 0
            ),
            0
        ) as appointment_points
    from gathered

),

final as (

    select
        tenant_id,
        task_key,
        task_id,
        contact_id,
        display_name,
        booking_id,
        kind,
        title,
        assigned_to,
        due_at,
        snoozed_until,
        timeframe,
        round(kind_points + late_points + warmness_points + value_points + appointment_points, 1) as priority_score,
        round(kind_points, 1) as kind_points,
        round(late_points, 1) as late_points,
        round(warmness_points, 1) as warmness_points,
        round(value_points, 1) as value_points,
        round(appointment_points, 1) as appointment_points,
        warmness,
        concat_ws(
            '; ',
            case
                when due_date is null then 'No due time'
                when timeframe = 'overdue' then concat('Overdue by ', {{ span_words('late_seconds') }})
                when timeframe = 'today' and is_postponed then 'Back from snooze today'
                when timeframe = 'today' then strftime(due_at at time zone zone, 'Due today at %H:%M')
                when due_date = today_date + 1 then 'Due tomorrow'
                else concat('Due in ', due_date - today_date, ' days')
            end,
            case
                when contact_id is null then null
                when is_opted_out then 'opted out of texts'
                else {{ warmness_words('warmness') }}
            end,
            case
                when appointment_at <= now() then null
                when (appointment_at at time zone zone)::date = today_date
                    then strftime(appointment_at at time zone zone, 'appointment today at %H:%M')
                when (appointment_at at time zone zone)::date = today_date + 1 then 'appointment tomorrow'
                when appointment_at is not null
                    then concat('appointment in ', (appointment_at at time zone zone)::date - today_date, ' days')
            end
        ) as reason,
        appointment_at,
        priority_version,
        rule_id,
        created_at
    from weighed

)

select * from final
