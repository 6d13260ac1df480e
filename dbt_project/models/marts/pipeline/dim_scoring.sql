{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['tenant.']}}) }}

with scoring as (

    select * from {{ ref('stg_tenants__scoring') }}

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
    from scoring

)

select * from final
