{{ config(tags=['live'], meta={'live': {'mode': 'replace_all'}}) }}

with log_position as (

    select * from {{ ref('stg_event_log__log_position') }}

),

newest_event as (

    select
        max(sequence) as sequence,
        max(received_at) as last_received_at
    from {{ ref('stg_event_log__events') }}

),

-- An event that is set aside has been dealt with: it does not leave the models behind the log for ever.
newest_quarantined as (

    select max(sequence) as sequence
    from {{ ref('stg_event_log__quarantined_events') }}

),

-- Up to modelled_sequence everything is modelled, what was postponed included.
final as (

    select
        log_position.log_sequence,
        coalesce(
            list_min(log_position.postponed) - 1, greatest(newest_event.sequence, newest_quarantined.sequence), 0
        ) as modelled_sequence,
        newest_event.last_received_at
    from log_position
    cross join newest_event
    cross join newest_quarantined

)

select * from final
