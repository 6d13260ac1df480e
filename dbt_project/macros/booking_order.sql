{#- How far the state of a booking, payment or message is: what decides between facts of one instant. -#}
{% macro progress_of(state) -%}
    case {{ state }}
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
            end
{%- endmacro %}

{#-
    What a CTE selects to say of each fact about a booking when it holds and what it makes of the state: one row per
    event. DECISIONLOG has the table of states. In short:

    - a booking's making comes before all else that is told of it, whatever its time;
    - an outcome that is dated by its day alone comes after what was open on that day;
    - a record that repeats "pending" or "confirmed" says nothing against an outcome that its own system can't know of;
    - a move to a later time opens a booking again that was completed or missed;
    - who gives another start than before tells of a move, whatever the provider calls it.
-#}
{% macro settled_bookings(facts, tenants) -%}
with booking_changes as (

    select
        changes.event_id,
        changes.tenant_id,
        changes.booking_id,
        changes.source,
        changes.source_event_id,
        changes.fact_type,
        changes.booking_status,
        changes.status_basis,
        changes.is_reschedule,
        changes.starts_at,
        if(
            changes.starts_at is null, null, {
                'starts_at': changes.starts_at,
                'day': (changes.starts_at at time zone tenants.zone)::date,
                'is_all_day': changes.is_all_day
            }
        ) as told_start,
        changes.occurred_at,
        if(changes.fact_type = 'booking.created', -1, coalesce(changes.change_order, 0)) as change_order,
        changes.fact_type = 'booking.created' as is_making,
        coalesce(changes.booking_status in ('cancelled', 'declined', 'completed', 'no_show'), false) as is_outcome,
        changes.told_on is not null
        or (changes.occurred_at at time zone tenants.zone)::time = time '00:00' as is_of_a_day,
        coalesce(changes.told_on, (changes.occurred_at at time zone tenants.zone)::date) as day
    from {{ facts }} as changes
    inner join {{ tenants }} as tenants on changes.tenant_id = tenants.tenant_id
    where changes.fact_family = 'booking'

),

booking_times as (

    select
        *,
        case
            when is_making then min(occurred_at) over of_booking
            when is_of_a_day and is_outcome
                then greatest(
                    occurred_at, max(occurred_at) filter (where not is_making and not is_outcome) over of_day
                )
            else occurred_at
        end as settled_at,
        -- Moved to the instant of what was open on its day, it comes after that.
        if(
            is_of_a_day and is_outcome,
            greatest(change_order, max(change_order) filter (where not is_making and not is_outcome) over of_day),
            change_order
        ) as settled_order
    from booking_changes
    window
        of_booking as (partition by tenant_id, booking_id),
        of_day as (partition by tenant_id, booking_id, day)

),

booking_starts as (

    select
        * exclude (change_order, settled_order),
        settled_order as change_order,
        last_value(told_start ignore nulls) over earlier_of_source as start_before
    from booking_times
    window earlier_of_source as (
        partition by tenant_id, booking_id, source
        order by settled_at, settled_order, {{ progress_of('booking_status') }}, source_event_id
        rows between unbounded preceding and 1 preceding
    )

),

-- Of systems that copy each other each has its own say; a time that is added to a day moves nothing.
told_moves as (

    select
        * exclude (is_reschedule),
        is_reschedule as is_called_move,
        is_reschedule or coalesce(
            not is_making
            and not is_outcome
            and told_start['starts_at'] <> start_before['starts_at']
            and (
                told_start['day'] <> start_before['day']
                or not (coalesce(told_start['is_all_day'], false) or coalesce(start_before['is_all_day'], false))
            ),
            false
        ) as is_told_move
    from booking_starts

),

-- A second word of one move, another event of the provider or another system's, moves nothing more.
booking_moves as (

    select
        *,
        is_told_move and not coalesce(
            starts_at = last_value(if(is_told_move, starts_at, null) ignore nulls) over earlier, false
        ) as is_reschedule
    from told_moves
    window earlier as (
        partition by tenant_id, booking_id
        order by settled_at, change_order, {{ progress_of('booking_status') }}, source_event_id
        rows between unbounded preceding and 1 preceding
    )

),

-- What stood before each change: the last that happened, and the last state that was open.
booking_history as (

    select
        *,
        is_reschedule and starts_at > settled_at as is_moved_ahead,
        last_value(booking_status ignore nulls) over earlier as status_before,
        last_value(
            case
                when is_outcome or (status_basis = 'act' and booking_status is not null)
                    then { 'status': booking_status, 'source': source }
                when is_reschedule and starts_at > settled_at then { 'status': 'moved', 'source': source }
            end ignore nulls
        ) over earlier as standing,
        last_value(
            case when booking_status in ('pending', 'confirmed') then booking_status end ignore nulls
        ) over earlier as open_status
    from booking_moves
    window earlier as (
        partition by tenant_id, booking_id
        order by settled_at, change_order, {{ progress_of('booking_status') }}, source_event_id
        rows between unbounded preceding and 1 preceding
    )

),

booking_words as (

    select
        *,
        coalesce(
            status_basis <> 'act'
            and booking_status in ('pending', 'confirmed')
            and standing['status'] in ('cancelled', 'declined', 'completed', 'no_show')
            and not (
                standing['source'] = source
                and (status_basis = 'record' or standing['status'] in ('cancelled', 'declined'))
            ),
            false
        ) as is_repetition
    from booking_history

)

select
    event_id,
    settled_at,
    change_order,
    is_reschedule and not is_repetition as is_settled_move,
    case
        when is_repetition then 'booking.updated'
        when
            is_reschedule
            and not is_called_move
            and coalesce(booking_status = status_before, true)
            then 'booking.rescheduled'
        when is_called_move and not is_reschedule and fact_type = 'booking.rescheduled' then 'booking.updated'
        else fact_type
    end as settled_type,
    case
        when is_repetition then null
        when booking_status is null and is_moved_ahead and standing['status'] in ('completed', 'no_show')
            then coalesce(open_status, 'pending')
        else booking_status
    end as settled_status
from booking_words
{%- endmacro %}
