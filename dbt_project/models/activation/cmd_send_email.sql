with decisions as (

    select * from {{ ref('fct_decisions') }}

),

final as (

    {{ commands_of('decisions', 'send_email') }}

)

select * from final
