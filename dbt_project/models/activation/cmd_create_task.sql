with decisions as (

    select * from {{ ref('fct_decisions') }}

),

final as (

    {{ commands_of('decisions', 'create_task') }}

)

select * from final
