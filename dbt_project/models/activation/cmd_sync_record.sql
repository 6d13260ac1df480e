with decisions as (

    select * from {{ ref('fct_decisions') }}

),

final as (

    {{ commands_of('decisions', 'sync_record') }}

)

select * from final
