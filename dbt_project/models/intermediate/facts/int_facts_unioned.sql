{{ config(materialized='view') }}

{%- set staging_models = [
    'stg_clicksend__messages',
    'stg_frontdesk__bookings',
    'stg_frontdesk__commands',
    'stg_frontdesk__consents',
    'stg_frontdesk__contacts',
    'stg_frontdesk__engagements',
    'stg_frontdesk__leads',
    'stg_frontdesk__messages',
    'stg_frontdesk__payments',
    'stg_frontdesk__touches',
    'stg_gohighlevel__bookings',
    'stg_gohighlevel__consents',
    'stg_gohighlevel__contacts',
    'stg_gohighlevel__engagements',
    'stg_gohighlevel__messages',
    'stg_manychat__consents',
    'stg_manychat__leads',
    'stg_proof__engagements',
    'stg_stripe__contacts',
    'stg_stripe__engagements',
    'stg_stripe__payments',
    'stg_twilio__messages',
    'stg_wix__bookings',
    'stg_zoho__consents',
    'stg_zoho__contacts',
    'stg_zoho__engagements',
    'stg_zoho__payments',
] %}

with unioned as (

    {% for staging_model in staging_models %}
    select * from {{ ref(staging_model) }}
    {% if not loop.last %}union all by name{% endif %}
    {% endfor %}

),

final as (

    select * from unioned

)

select * from final
