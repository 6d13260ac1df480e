with source as (

    select * from {{ source('raw', 'scoring') }}

),

final as (

    select
        tenant_id,
        warmness_version,
        half_life_days,
        fact_points,
        fact_caps,
        priority_version,
        kind_points,
        other_kinds_points,
        late_points,
        late_full_after_hours,
        warmness_points,
        value_points,
        value_full_from_minor,
        appointment_points,
        appointment_within_hours
    from source

)

select * from final
