with final as (

    {{ revenue_by('service_name') }}

)

select * from final
