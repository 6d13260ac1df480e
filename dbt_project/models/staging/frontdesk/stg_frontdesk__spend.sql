{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['spend.'], 'is_of_business': true}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type in ('spend.recorded')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "channel": "VARCHAR", "campaign": "VARCHAR", "period_start": "VARCHAR", "period_end": "VARCHAR",
                "amount_minor": "VARCHAR", "currency": "VARCHAR"
            }'
        ) as fact
    from events

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ one_spelling(line_text('fact.channel')) }} as channel,
        {{ line_text('fact.campaign') }} as campaign,
        try_cast({{ line_text('fact.period_start') }} as date) as period_start,
        try_cast({{ line_text('fact.period_end') }} as date) as period_end,
        {{ whole_number('fact.amount_minor') }} as amount_minor,
        {{ currency_code('fact.currency') }} as currency
    from parsed

)

select * from final
