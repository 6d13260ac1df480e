{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['payment']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select
        *,
        payment_change = 'itemised' as is_added
    from {{ ref('int_payment_facts') }}
    where lines is not null

),

-- A payment that tells its lines tells all of them; payment.itemised adds to what is known.
counted as (

    select * from facts
    qualify
        is_added
        or row_number() over (partition by tenant_id, payment_id, is_added order by fact_order desc) = 1

),

told as (

    select
        * exclude (lines),
        unnest(from_json(lines, '{{ lines_shape() }}')) as line,
        generate_subscripts(from_json(lines, '{{ lines_shape() }}'), 1) as place
    from counted

),

-- Lines of one id are one line, unless one fact tells of several. Without an id it is the fact and the place in it.
identified as (

    select
        *,
        case
            when line['line_id'] is not null
                then concat_ws(
                    '|',
                    'id',
                    line['line_id'],
                    row_number() over (partition by tenant_id, payment_id, event_id, line['line_id'] order by place)
                )
            when is_added then concat_ws('|', 'fact', source, source_event_id, place)
            else concat_ws('|', 'place', place)
        end as line_identity
    from told

),

newest as (

    select * from identified
    qualify row_number() over (
        partition by tenant_id, payment_id, line_identity order by fact_order desc, place desc
    ) = 1

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'payment_id', 'line_identity']) }} as payment_line_key,
        {{ hash_key(['tenant_id', 'payment_id']) }} as payment_key,
        payment_id,
        payment_contact_id as contact_id,
        row_number() over (
            partition by tenant_id, payment_id order by fact_order, place, line_identity
        ) as line_number,
        line['line_id'] as line_id,
        line['description'] as description,
        line['quantity'] as quantity,
        line['unit_price_minor'] as unit_price_minor,
        line['amount_minor'] as amount_minor,
        currency,
        line['service_name'] as service_name,
        line['staff_name'] as staff_name,
        nullif(line['taxes']::varchar, 'null') as taxes,
        list_sum(list_transform(
            from_json(line['taxes'], '{{ taxes_shape() }}'), lambda told_tax: told_tax['amount_minor']
        ))::bigint as tax_minor,
        source,
        occurred_at as told_at,
        event_id
    from newest

)

select * from final
