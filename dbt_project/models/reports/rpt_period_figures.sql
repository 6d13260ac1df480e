with final as (

    {{ period_figures('true') }}

)

select * from final
