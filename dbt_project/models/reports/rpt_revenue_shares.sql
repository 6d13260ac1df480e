{#- What each line of a receipt has of the money that is received and given back, and of each tax in it: whoever wants
    revenue by person or by service adds these up. Shares are differences of running totals, so that those of a payment
    add up to the cent. -#}

with payments as (

    select * from {{ ref('fct_payments') }}
    where succeeded_at is not null and amount_minor is not null and currency is not null

),

payment_lines as (

    select * from {{ ref('fct_payment_lines') }}

),

payment_taxes as (

    select * from {{ ref('fct_payment_taxes') }}
    where is_counted and amount_minor is not null

),

payment_changes as (

    select * from {{ ref('fct_payment_changes') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

line_parts as (

    select
        payments.tenant_id,
        payments.payment_key,
        payment_lines.line_number as part_number,
        payment_lines.payment_line_key,
        payment_lines.amount_minor,
        coalesce(payment_lines.staff_name, payments.staff_name) as staff_name,
        coalesce(payment_lines.service_name, payments.service_name) as service_name
    from payments
    inner join payment_lines
        on payments.tenant_id = payment_lines.tenant_id and payments.payment_key = payment_lines.payment_key
    where
        payment_lines.amount_minor is not null
        and payment_lines.currency is not distinct from payments.currency

),

line_sums as (

    select
        tenant_id,
        payment_key,
        sum(amount_minor)::bigint as amount_minor
    from line_parts
    group by tenant_id, payment_key

),

-- What lines leave of the payment is its own: all of it where there are none.
parts as (

    select * from line_parts

    union all by name

    select
        payments.tenant_id,
        payments.payment_key,
        0 as part_number,
        payments.amount_minor - coalesce(line_sums.amount_minor, 0) as amount_minor,
        payments.staff_name,
        payments.service_name
    from payments
    left join line_sums
        on payments.tenant_id = line_sums.tenant_id and payments.payment_key = line_sums.payment_key

),

weighed as (

    select
        parts.*,
        payments.amount_minor as whole_minor,
        (sum(parts.amount_minor) over so_far)::bigint as until_minor,
        until_minor - parts.amount_minor as from_minor
    from parts
    inner join payments on parts.tenant_id = payments.tenant_id and parts.payment_key = payments.payment_key
    window so_far as (
        partition by parts.tenant_id, parts.payment_key order by parts.part_number
        rows between unbounded preceding and current row
    )

),

taxes_of_lines as (

    select
        line_parts.tenant_id,
        line_parts.payment_key,
        line_parts.part_number,
        payment_taxes.tax_name,
        payment_taxes.amount_minor
    from payment_taxes
    inner join line_parts
        on
            payment_taxes.tenant_id = line_parts.tenant_id
            and payment_taxes.payment_key = line_parts.payment_key
            and payment_taxes.payment_line_key = line_parts.payment_line_key

),

named_sums as (

    select
        tenant_id,
        payment_key,
        sum(amount_minor)::bigint as amount_minor
    from payment_taxes
    group by tenant_id, payment_key

),

-- Taxes that the payment tells, and what its total has besides those that are named.
taxes_of_payments as (

    select
        payment_taxes.tenant_id,
        payment_taxes.payment_key,
        payment_taxes.tax_name,
        payment_taxes.amount_minor
    from payment_taxes
    left join line_parts
        on
            payment_taxes.tenant_id = line_parts.tenant_id
            and payment_taxes.payment_key = line_parts.payment_key
            and payment_taxes.payment_line_key = line_parts.payment_line_key
    where line_parts.payment_key is null

    union all by name

    select
        payments.tenant_id,
        payments.payment_key,
        payments.tax_minor - coalesce(named_sums.amount_minor, 0) as amount_minor
    from payments
    left join named_sums
        on payments.tenant_id = named_sums.tenant_id and payments.payment_key = named_sums.payment_key
    where payments.tax_minor <> coalesce(named_sums.amount_minor, 0)

),

tax_parts as (

    select * from taxes_of_lines

    union all by name

    select
        weighed.tenant_id,
        weighed.payment_key,
        weighed.part_number,
        taxes_of_payments.tax_name,
        {{ share_of('taxes_of_payments.amount_minor', 'weighed.until_minor', 'weighed.whole_minor') }}
        - {{ share_of('taxes_of_payments.amount_minor', 'weighed.from_minor', 'weighed.whole_minor') }} as amount_minor
    from taxes_of_payments
    inner join weighed
        on
            taxes_of_payments.tenant_id = weighed.tenant_id
            and taxes_of_payments.payment_key = weighed.payment_key

),

weighed_taxes as (

    select
        tax_parts.*,
        weighed.staff_name,
        weighed.service_name,
        payments.tax_minor as whole_minor,
        (sum(tax_parts.amount_minor) over so_far)::bigint as until_minor,
        (sum(tax_parts.amount_minor) over so_far)::bigint - tax_parts.amount_minor as from_minor
    from tax_parts
    inner join weighed
        on
            tax_parts.tenant_id = weighed.tenant_id
            and tax_parts.payment_key = weighed.payment_key
            and tax_parts.part_number = weighed.part_number
    inner join payments on tax_parts.tenant_id = payments.tenant_id and tax_parts.payment_key = payments.payment_key
    window so_far as (
        partition by tax_parts.tenant_id, tax_parts.payment_key
        order by tax_parts.part_number, tax_parts.tax_name, tax_parts.amount_minor
        rows between unbounded preceding and current row
    )

),

-- What is left of a payment before and after each thing that happened to its money.
states as (

    select
        tenant_id,
        payment_key,
        'received' as movement,
        succeeded_at as measured_at,
        0::bigint as before_minor,
        amount_minor as after_minor,
        0::bigint as tax_before_minor,
        tax_minor as tax_after_minor
    from payments

    union all by name

    select
        payments.tenant_id,
        payments.payment_key,
        'returned' as movement,
        changes.occurred_at as measured_at,
        changes.net_minor + changes.refunded_change_minor + changes.lost_change_minor as before_minor,
        changes.net_minor as after_minor,
        {{ share_of('payments.tax_minor', 'before_minor', 'payments.amount_minor') }} as tax_before_minor,
        {{ share_of('payments.tax_minor', 'after_minor', 'payments.amount_minor') }} as tax_after_minor
    from payments
    inner join payment_changes as changes
        on payments.tenant_id = changes.tenant_id and payments.payment_key = changes.payment_key
    where (changes.refunded_change_minor <> 0 or changes.lost_change_minor <> 0) and changes.net_minor is not null

),

shares as (

    select
        states.tenant_id,
        states.payment_key,
        states.movement,
        states.measured_at,
        weighed.staff_name,
        weighed.service_name,
        'amount' as share_kind,
        null::varchar as tax_name,
        {{ share_of('states.after_minor', 'weighed.until_minor', 'weighed.whole_minor') }}
        - {{ share_of('states.after_minor', 'weighed.from_minor', 'weighed.whole_minor') }}
        - {{ share_of('states.before_minor', 'weighed.until_minor', 'weighed.whole_minor') }}
        + {{ share_of('states.before_minor', 'weighed.from_minor', 'weighed.whole_minor') }} as value
    from states
    inner join weighed on states.tenant_id = weighed.tenant_id and states.payment_key = weighed.payment_key

    union all by name

    select
        states.tenant_id,
        states.payment_key,
        states.movement,
        states.measured_at,
        weighed_taxes.staff_name,
        weighed_taxes.service_name,
        'tax' as share_kind,
        weighed_taxes.tax_name,
        {{ share_of('states.tax_after_minor', 'weighed_taxes.until_minor', 'weighed_taxes.whole_minor') }}
        - {{ share_of('states.tax_after_minor', 'weighed_taxes.from_minor', 'weighed_taxes.whole_minor') }}
        - {{ share_of('states.tax_before_minor', 'weighed_taxes.until_minor', 'weighed_taxes.whole_minor') }}
        + {{ share_of('states.tax_before_minor', 'weighed_taxes.from_minor', 'weighed_taxes.whole_minor') }} as value
    from states
    inner join weighed_taxes
        on states.tenant_id = weighed_taxes.tenant_id and states.payment_key = weighed_taxes.payment_key

),

final as (

    select
        shares.tenant_id,
        shares.payment_key,
        shares.movement,
        (shares.measured_at at time zone tenants.zone)::date as measured_date,
        shares.staff_name,
        shares.service_name,
        shares.share_kind,
        shares.tax_name,
        payments.currency,
        payments.before_tax_minor is not null as is_tax_known,
        sum(shares.value)::bigint as value
    from shares
    inner join payments on shares.tenant_id = payments.tenant_id and shares.payment_key = payments.payment_key
    inner join tenants on shares.tenant_id = tenants.tenant_id
    group by all

)

select * from final
