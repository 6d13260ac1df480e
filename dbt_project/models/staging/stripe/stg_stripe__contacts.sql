{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['stripe.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        source = 'stripe'
        and type in ('stripe.customer.created', 'stripe.customer.updated', 'stripe.customer.deleted')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{"data": {"object": {
                "id": "VARCHAR", "name": "VARCHAR", "individual_name": "VARCHAR", "business_name": "VARCHAR",
                "email": "VARCHAR", "phone": "VARCHAR"
            }}}'
        ).data.object as customer
    from events

),

final as (

    select
        {{ event_columns() }},
        replace(type, 'stripe.customer.', 'contact.') as fact_type,
        {{ contact_columns(
            ref_kind='stripe_customer',
            ref=first_text('customer.id', 'subject_id'),
            phone='customer.phone',
            email='customer.email',
            full_name=first_text('customer.individual_name', 'customer.name'),
            company='customer.business_name'
        ) }},
        cast(null as varchar) as channel,
        type = 'stripe.customer.deleted' as is_deleted
    from parsed

)

select * from final
