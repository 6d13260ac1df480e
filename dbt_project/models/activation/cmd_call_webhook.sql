with decisions as (

    select * from {{ ref('fct_decisions') }}

),

final as (

    {{ commands_of('decisions', 'call_webhook') }}

)

select * from final
