{#- Money that is in no figure, or in one without its amount: for a person to look at. -#}

with timeline as (

    select * from {{ ref('fct_timeline') }}

),

payments as (

    select * from {{ ref('fct_payments') }}

),

payment_lines as (

    select * from {{ ref('fct_payment_lines') }}

),

payment_taxes as (

    select * from {{ ref('fct_payment_taxes') }}

),

unread as (

    select
        tenant_id,
        'amount_not_read' as problem,
        contact_id,
        source,
        entity_id,
        title,
        unread_amount as detail,
        amount_minor,
        currency,
        occurred_at,
        event_id
    from timeline
    where unread_amount is not null

),

-- Given back or lost in another currency than was received: it can't be subtracted.
in_another_currency as (

    select
        timeline.tenant_id,
        'given_back_in_another_currency' as problem,
        timeline.contact_id,
        timeline.source,
        timeline.entity_id,
        timeline.title,
        payments.currency as detail,
        timeline.amount_minor,
        timeline.currency,
        timeline.occurred_at,
        timeline.event_id
    from timeline
    inner join payments
        on
            timeline.tenant_id = payments.tenant_id
            and timeline.entity_id = payments.payment_id
            and timeline.currency <> payments.currency
    where
        payments.succeeded_at is not null
        and (
            timeline.type in ('payment.refunded', 'payment.disputed')
            or split_part(timeline.type, '.', 1) in ('refund', 'dispute')
        )

),

added_lines as (

    select
        tenant_id,
        payment_id,
        sum(amount_minor)::bigint as amount_minor,
        bool_or(amount_minor is null) as is_incomplete,
        min(currency) as first_currency,
        max(currency) as last_currency
    from payment_lines
    group by tenant_id, payment_id

),

added_taxes as (

    select
        tenant_id,
        payment_id,
        sum(amount_minor) filter (where is_counted)::bigint as amount_minor,
        bool_or(amount_minor is null) as is_incomplete
    from payment_taxes
    group by tenant_id, payment_id

),

payment_problems as (

    select
        payments.*,
        unnest([
            case
                when payments.succeeded_at is null and payments.refunded_minor > 0 then 'refund_without_payment'
                when payments.succeeded_at is not null and payments.amount_minor is null then 'payment_without_amount'
                when payments.succeeded_at is not null and payments.currency is null then 'payment_without_currency'
                when payments.succeeded_at is not null and payments.told_refunded_minor > payments.amount_minor
                    then 'refund_above_amount'
            end,
            case
                when added_lines.is_incomplete then 'line_without_amount'
                when added_lines.first_currency <> payments.currency or added_lines.last_currency <> payments.currency
                    then 'lines_in_another_currency'
                when payments.amount_minor is null and added_lines.payment_id is not null then 'lines_without_payment'
                when added_lines.amount_minor <> payments.amount_minor then 'lines_do_not_add_up'
            end,
            case
                when added_taxes.is_incomplete then 'tax_without_amount'
                when added_taxes.amount_minor <> payments.tax_minor then 'taxes_do_not_add_up'
                when payments.tax_minor > payments.amount_minor then 'tax_above_amount'
            end
        ]) as problem,
        case
            when problem = 'refund_above_amount' then payments.told_refunded_minor
            when starts_with(problem, 'line') then added_lines.amount_minor
            when starts_with(problem, 'tax') then coalesce(added_taxes.amount_minor, payments.tax_minor)
        end as told_minor
    from payments
    left join added_lines
        on payments.tenant_id = added_lines.tenant_id and payments.payment_id = added_lines.payment_id
    left join added_taxes
        on payments.tenant_id = added_taxes.tenant_id and payments.payment_id = added_taxes.payment_id

),

odd_payments as (

    select
        tenant_id,
        problem,
        contact_id,
        source,
        payment_id as entity_id,
        'Payment ' || replace(status, '_', ' ') as title,
        method as detail,
        coalesce(told_minor, nullif(refunded_minor, 0), amount_minor) as amount_minor,
        currency,
        last_changed_at as occurred_at,
        last_event_id as event_id
    from payment_problems
    where problem is not null

),

final as (

    select * from unread
    union all by name
    select * from in_another_currency
    union all by name
    select * from odd_payments

)

select * from final
