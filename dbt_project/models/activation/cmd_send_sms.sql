with decisions as (

    select * from {{ ref('fct_decisions') }}

),

final as (

    {{ commands_of('decisions', 'send_sms') }}

)

select * from final
