with points as (

    select * from {{ ref('fct_warmness_points') }}
    where is_counted

),

final as (

    {{ warmness('points', 'now()') }}

)

select * from final
