{{ config(tags=['live'], meta={'live': {'mode': 'replace_all'}}) }}

with log_position as (

    select * from {{ ref('stg_event_log__log_position') }}

),

newest_event as (

    select
        max(sequence) as modelled_sequence,
        max(received_at) as last_received_at
    from {{ ref('stg_event_log__events') }}

),

final as (

    select
        log_position.log_sequence,
        coalesce(newest_event.modelled_sequence, 0) as modelled_sequence,
        newest_event.last_received_at
    from log_position
    cross join newest_event

)

select * from final
