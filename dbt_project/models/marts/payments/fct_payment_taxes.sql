{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['payment']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_payment_facts') }}

),

lines as (

    select * from {{ ref('fct_payment_lines') }}

),

-- The newest telling of the taxes by name, and the newest of all in one, which can be other facts.
payments as (

    select
        tenant_id,
        payment_id,
        any_value(payment_contact_id) as contact_id,
        arg_max(taxes, fact_order) as taxes,
        arg_max(tax_minor, fact_order) as tax_minor,
        -- The newest that names them, or else the newest of all in one.
        max({
            'is_named': taxes is not null,
            'fact_order': fact_order,
            'source': source,
            'currency': currency,
            'event_id': event_id
        }) as telling
    from facts
    where taxes is not null or tax_minor is not null
    group by tenant_id, payment_id

),

taxed_lines as (

    select
        *,
        unnest(from_json(taxes, '{{ taxes_shape() }}')) as tax,
        generate_subscripts(from_json(taxes, '{{ taxes_shape() }}'), 1) as tax_number
    from lines
    where taxes is not null

),

payments_with_taxed_lines as (

    select distinct
        tenant_id,
        payment_id
    from taxed_lines

),

named as (

    select
        *,
        unnest(from_json(taxes, '{{ taxes_shape() }}')) as tax,
        generate_subscripts(from_json(taxes, '{{ taxes_shape() }}'), 1) as tax_number
    from payments
    where taxes is not null

),

-- All taxes in one, of a payment of which nobody names them.
unnamed as (

    select payments.*
    from payments
    anti join payments_with_taxed_lines
        on
            payments.tenant_id = payments_with_taxed_lines.tenant_id
            and payments.payment_id = payments_with_taxed_lines.payment_id
    where payments.taxes is null and payments.tax_minor is not null

),

told as (

    select
        tenant_id,
        payment_id,
        contact_id,
        null::varchar as payment_line_key,
        tax_number,
        tax['name'] as tax_name,
        tax['rate'] as tax_rate,
        tax['amount_minor'] as amount_minor,
        telling['currency'] as currency,
        telling['source'] as source,
        telling['event_id'] as event_id,
        true as is_counted
    from named

    union all by name

    select
        tenant_id,
        payment_id,
        contact_id,
        1 as tax_number,
        tax_minor as amount_minor,
        telling['currency'] as currency,
        telling['source'] as source,
        telling['event_id'] as event_id,
        true as is_counted
    from unnamed

    union all by name

    -- What lines say of taxes repeats what the payment says of them.
    select
        taxed_lines.tenant_id,
        taxed_lines.payment_id,
        taxed_lines.contact_id,
        taxed_lines.payment_line_key,
        taxed_lines.tax_number,
        taxed_lines.tax['name'] as tax_name,
        taxed_lines.tax['rate'] as tax_rate,
        taxed_lines.tax['amount_minor'] as amount_minor,
        taxed_lines.currency,
        taxed_lines.source,
        taxed_lines.event_id,
        named_payments.payment_id is null as is_counted
    from taxed_lines
    left join payments as named_payments
        on
            taxed_lines.tenant_id = named_payments.tenant_id
            and taxed_lines.payment_id = named_payments.payment_id
            and named_payments.taxes is not null

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'payment_id', 'payment_line_key', 'tax_number']) }} as payment_tax_key,
        {{ hash_key(['tenant_id', 'payment_id']) }} as payment_key,
        payment_id,
        payment_line_key,
        contact_id,
        tax_number::bigint as tax_number,
        tax_name,
        tax_rate,
        amount_minor,
        currency,
        is_counted,
        source,
        event_id
    from told

)

select * from final
