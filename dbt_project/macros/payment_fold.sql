{#- How far the state of a refund or dispute has come; what it has been before is not what it is. -#}
{% macro part_rank(part_status) -%}
    case {{ part_status }}
        when 'succeeded' then 2
        when 'failed' then 3
        when 'cancelled' then 3
        when 'warning_needs_response' then 1
        when 'warning_under_review' then 2
        when 'warning_closed' then 3
        when 'needs_response' then 4
        when 'under_review' then 5
        when 'lost' then 6
        when 'appeal_needs_response' then 7
        when 'appeal_under_review' then 8
        when 'won' then 9
        when 'prevented' then 9
        else 0
    end
{%- endmacro %}

{#- What is told about a payment and is not the payment itself: its currency is its own. -#}
{% macro is_about_a_payment(payment_change) -%}
    {{ payment_change }} in ('itemised', 'refund', 'refunded', 'disputed')
{%- endmacro %}

{#-
    Facts about payments, each with what was known of its payment after it, in minor units: received, given back, lost
    to disputes, still in dispute. `facts` is a relation with the columns that fct_payment_changes takes from facts;
    `fact_order` is the column that orders them.

    A refund or dispute counts by its own amount and its furthest state, so that the last row is the same in whatever
    order the facts come. Given back is what the known refunds that did not fail add up to, or what the charge says in
    all less what failed of it, whichever is more: a refund that both tell of counts once. No more is given back or
    lost than was received, so that a refund whose payment is not known counts nowhere.
-#}
{% macro payment_fold(facts, fact_order='fact_order') -%}
with parts as (

    select
        *,
        max(case
            when part_id is not null
                then {
                    'version': coalesce(part_version, 0), 'rank': {{ part_rank('part_status') }}, 'status': part_status
                }
        end) over part_so_far['status'] as part_state,
        coalesce(max(part_minor) over part_so_far, 0) as part_amount
    from {{ facts }}
    window part_so_far as (
        partition by tenant_id, payment_id, payment_change, part_id order by {{ fact_order }}
        rows between unbounded preceding and current row
    )

),

standing as (

    select
        *,
        if(payment_change = 'refund' and part_state not in ('failed', 'cancelled'), part_amount, 0) as live,
        if(payment_change = 'refund' and part_state in ('failed', 'cancelled'), part_amount, 0) as dead,
        if(payment_change = 'disputed' and part_state = 'lost', part_amount, 0) as lost,
        if(
            payment_change = 'disputed' and part_state not in ('lost', 'won', 'warning_closed', 'prevented'),
            part_amount,
            0
        ) as open
    from parts

),

changes as (

    select
        *,
        {%- for amount in ['live', 'dead', 'lost', 'open'] %}
        {{ amount }} - lag({{ amount }}, 1, 0) over of_part as {{ amount }}_change{{ ',' if not loop.last }}
        {%- endfor %}
    from standing
    window of_part as (partition by tenant_id, payment_id, payment_change, part_id order by {{ fact_order }})

),

summed as (

    select
        *,
        max(case
            when paid_minor is not null then { 'version': coalesce(paid_version, 0), 'minor': paid_minor }
        end) over payment_so_far['minor'] as received_so_far,
        greatest(
            sum(live_change) over payment_so_far,
            greatest(
                coalesce(max(refunded_minor) over payment_so_far, 0),
                coalesce(sum(greatest(refund_step, 0)) over payment_so_far, 0)
            ) - greatest(
                sum(dead_change) over payment_so_far,
                -coalesce(sum(least(refund_step, 0)) over payment_so_far, 0)
            ),
            0
        )::bigint as told_refunded_so_far,
        sum(lost_change) over payment_so_far as told_lost_so_far,
        (sum(open_change) over payment_so_far)::bigint as disputed_so_far
    from changes
    window payment_so_far as (
        partition by tenant_id, payment_id order by {{ fact_order }}
        rows between unbounded preceding and current row
    )

),

bounded as (

    select
        *,
        least(told_refunded_so_far, coalesce(received_so_far, 0)) as refunded_so_far
    from summed

)

select
    *,
    least(told_lost_so_far, coalesce(received_so_far, 0) - refunded_so_far)::bigint as lost_so_far
from bounded
{%- endmacro %}
