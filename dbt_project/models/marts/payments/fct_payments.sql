{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['payment', 'booking']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_payment_facts') }}

),

payment_lines as (

    select * from {{ ref('fct_payment_lines') }}

),

payment_taxes as (

    select * from {{ ref('fct_payment_taxes') }}

),

bookings as (

    select * from {{ ref('fct_bookings') }}

),

-- The fold takes no side on arrival or time: what counts is how far each object of the payment has come.
folded as (

    select
        tenant_id,
        payment_id,
        arg_min(source, fact_order) as source,
        any_value(payment_contact_id) as contact_id,
        arg_max(booking_id, fact_order) as booking_id,
        coalesce(
            arg_max(received_so_far, fact_order),
            max(amount_minor) filter (where payment_change <> 'disputed'),
            max(amount_minor)
        ) as amount_minor,
        arg_max(told_refunded_so_far, fact_order) as told_refunded_minor,
        arg_max(refunded_so_far, fact_order) as counted_refunded_minor,
        arg_max(disputed_so_far, fact_order) as disputed_minor,
        arg_max(lost_so_far, fact_order) as lost_minor,
        arg_max(net_so_far, fact_order) as net_minor,
        max(
            case
                when payment_change = 'disputed'
                    then {
                        'version': coalesce(part_version, 0),
                        'rank': {{ part_rank('part_status') }},
                        'status': coalesce(part_status, 'needs_response')
                    }
            end
        )['status'] as dispute_status,
        max(respond_by) as dispute_respond_by,
        -- Lines, refunds and disputes told in another currency leave the payment its own.
        coalesce(
            arg_max(currency, fact_order) filter (where not {{ is_about_a_payment('payment_change') }}),
            arg_max(currency, fact_order)
        ) as currency,
        arg_max(method, fact_order) as method,
        arg_max(tax_minor, fact_order) as told_tax_minor,
        arg_max(staff_name, fact_order) as staff_name,
        arg_max(service_name, fact_order) as service_name,
        arg_max(failure_reason, fact_order) filter (where payment_change in ('failed', 'cancelled')) as failure_reason,
        min(received_money_at) as succeeded_at,
        max(occurred_at) filter (where payment_change = 'failed') as failed_at,
        -- Who tries again has not failed.
        coalesce(
            arg_max(payment_change, fact_order) filter (where payment_change in ('pending', 'failed')) = 'failed', false
        ) as is_failed,
        max(occurred_at) filter (where payment_change in ('refunded', 'refund')) as refunded_at,
        bool_or(payment_change = 'cancelled') as is_cancelled,
        bool_or(payment_change = 'expired') as is_expired,
        max(occurred_at) as last_changed_at,
        arg_max(event_id, fact_order) as last_event_id
    from facts
    group by tenant_id, payment_id

),

-- What each dispute has cost by its newest telling: a fee that is given back takes itself off.
disputes as (

    select
        tenant_id,
        payment_id,
        part_id,
        arg_max(fee_minor, row(coalesce(part_version, 0), fact_order)) as fee_minor
    from facts
    where payment_change = 'disputed'
    group by tenant_id, payment_id, part_id

),

dispute_fees as (

    select
        tenant_id,
        payment_id,
        sum(fee_minor)::bigint as fee_minor
    from disputes
    group by tenant_id, payment_id

),

-- Lines of several persons or services leave the payment none of its own.
of_lines as (

    select
        tenant_id,
        payment_id,
        min(staff_name) as staff_name,
        count(distinct staff_name) as count_staff,
        min(service_name) as service_name,
        count(distinct service_name) as count_services
    from payment_lines
    group by tenant_id, payment_id

),

taxed as (

    select
        tenant_id,
        payment_id,
        sum(amount_minor)::bigint as tax_minor
    from payment_taxes
    where is_counted
    group by tenant_id, payment_id

),

-- A booking that is paid for is in scope with whoever paid: its identifier links the two.
valued as (

    select
        folded.* exclude (staff_name, service_name),
        -- What is told of a payment that nothing else is known of stands here, and is subtracted nowhere.
        if(folded.succeeded_at is null, folded.told_refunded_minor, folded.counted_refunded_minor) as refunded_minor,
        coalesce(folded.told_tax_minor, taxed.tax_minor) as tax_minor,
        dispute_fees.fee_minor as dispute_fee_minor,
        case
            when folded.staff_name is not null then 'payment'
            when of_lines.count_staff > 0 then 'lines'
            when bookings.staff_name is not null then 'booking'
        end as staff_source,
        case
            when folded.staff_name is not null then folded.staff_name
            when of_lines.count_staff > 0 then if(of_lines.count_staff = 1, of_lines.staff_name, null)
            else bookings.staff_name
        end as staff_name,
        case
            when folded.service_name is not null then 'payment'
            when of_lines.count_services > 0 then 'lines'
            when bookings.service_name is not null then 'booking'
        end as service_source,
        case
            when folded.service_name is not null then folded.service_name
            when of_lines.count_services > 0 then if(of_lines.count_services = 1, of_lines.service_name, null)
            else bookings.service_name
        end as service_name
    from folded
    left join of_lines on folded.tenant_id = of_lines.tenant_id and folded.payment_id = of_lines.payment_id
    left join dispute_fees
        on folded.tenant_id = dispute_fees.tenant_id and folded.payment_id = dispute_fees.payment_id
    left join taxed on folded.tenant_id = taxed.tenant_id and folded.payment_id = taxed.payment_id
    left join bookings on folded.tenant_id = bookings.tenant_id and folded.booking_id = bookings.booking_id

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'payment_id']) }} as payment_key,
        payment_id,
        source,
        contact_id,
        booking_id,
        case
            when refunded_minor > 0 and refunded_minor >= coalesce(amount_minor, 0) then 'refunded'
            when lost_minor > 0 then 'lost'
            when disputed_minor > 0 then 'disputed'
            when refunded_minor > 0 then 'partially_refunded'
            when succeeded_at is not null then 'succeeded'
            when is_cancelled then 'cancelled'
            when is_failed then 'failed'
            when is_expired then 'expired'
            else 'pending'
        end as status,
        amount_minor,
        refunded_minor,
        coalesce(told_refunded_minor, 0) as told_refunded_minor,
        disputed_minor,
        lost_minor,
        net_minor,
        tax_minor,
        amount_minor - tax_minor as before_tax_minor,
        {{ share_of('tax_minor', 'net_minor', 'amount_minor') }} as net_tax_minor,
        currency,
        method,
        staff_name,
        staff_source,
        service_name,
        service_source,
        case when succeeded_at is null and (is_failed or is_cancelled) then failure_reason end as failure_reason,
        dispute_status,
        dispute_fee_minor,
        dispute_respond_by,
        succeeded_at,
        failed_at,
        if(refunded_minor > 0, refunded_at, null) as refunded_at,
        last_changed_at,
        last_event_id
    from valued

)

select * from final
