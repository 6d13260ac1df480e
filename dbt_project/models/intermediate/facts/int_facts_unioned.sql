{{ config(materialized='view') }}

with final as (

    {{ facts_of_staging() }}

)

select * from final
