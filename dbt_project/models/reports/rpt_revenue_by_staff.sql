with final as (

    {{ revenue_by('staff_name') }}

)

select * from final
