{#- Body of marts.warmness_at(t, known_at) in the published file; see pipelines/publish/published_macros.py. -#}
with points as (

    select *
    from {{ ref('fct_warmness_points') }}
    where occurred_at <= t::timestamptz and received_at <= known_at::timestamptz
    qualify row_number() over (
        partition by tenant_id, contact_id, thing_key order by occurred_at, points_key
    ) = 1

),

final as (

    {{ warmness('points', 't::timestamptz') }}

)

select * from final
