{#- Written by `python -m pipelines.documenting.staging_lists`, from the folders of staging: change nothing here;
    a test compares. -#}

{#- The facts of every staging model that has some, by the columns' names. -#}
{% macro facts_of_staging() -%}
    select * from {{ ref('stg_clicksend__messages') }}
    union all by name
    select * from {{ ref('stg_frontdesk__bookings') }}
    union all by name
    select * from {{ ref('stg_frontdesk__commands') }}
    union all by name
    select * from {{ ref('stg_frontdesk__consents') }}
    union all by name
    select * from {{ ref('stg_frontdesk__contacts') }}
    union all by name
    select * from {{ ref('stg_frontdesk__engagements') }}
    union all by name
    select * from {{ ref('stg_frontdesk__leads') }}
    union all by name
    select * from {{ ref('stg_frontdesk__messages') }}
    union all by name
    select * from {{ ref('stg_frontdesk__payments') }}
    union all by name
    select * from {{ ref('stg_frontdesk__touches') }}
    union all by name
    select * from {{ ref('stg_frontdesk__waitlist_entries') }}
    union all by name
    select * from {{ ref('stg_gohighlevel__bookings') }}
    union all by name
    select * from {{ ref('stg_gohighlevel__consents') }}
    union all by name
    select * from {{ ref('stg_gohighlevel__contacts') }}
    union all by name
    select * from {{ ref('stg_gohighlevel__engagements') }}
    union all by name
    select * from {{ ref('stg_gohighlevel__messages') }}
    union all by name
    select * from {{ ref('stg_manychat__consents') }}
    union all by name
    select * from {{ ref('stg_manychat__leads') }}
    union all by name
    select * from {{ ref('stg_proof__engagements') }}
    union all by name
    select * from {{ ref('stg_stripe__contacts') }}
    union all by name
    select * from {{ ref('stg_stripe__engagements') }}
    union all by name
    select * from {{ ref('stg_stripe__payments') }}
    union all by name
    select * from {{ ref('stg_twilio__messages') }}
    union all by name
    select * from {{ ref('stg_wix__bookings') }}
    union all by name
    select * from {{ ref('stg_zoho__consents') }}
    union all by name
    select * from {{ ref('stg_zoho__contacts') }}
    union all by name
    select * from {{ ref('stg_zoho__engagements') }}
    union all by name
    select * from {{ ref('stg_zoho__payments') }}
{%- endmacro %}
