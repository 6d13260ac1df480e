{#- Times that place nothing, as they came: for a person to put right. -#}

with timeline as (

    select * from {{ ref('fct_timeline') }}
    where unread_times is not null

),

unread as (

    select
        *,
        unnest(unread_times) as unread_time
    from timeline

),

final as (

    select
        tenant_id,
        unread_time['problem'] as problem,
        unread_time['told'] as told,
        contact_id,
        source,
        type,
        title,
        entity_id,
        occurred_at,
        first_sequence,
        event_id
    from unread

)

select * from final
