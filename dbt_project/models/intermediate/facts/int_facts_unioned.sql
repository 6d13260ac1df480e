{{ config(materialized='view') }}

{%- set shapes = {
    'contact': ['stripe', 'zoho', 'gohighlevel', 'frontdesk'],
    'lead': ['manychat', 'frontdesk'],
    'touch': ['frontdesk'],
    'booking': ['wix', 'gohighlevel', 'frontdesk'],
    'payment': ['stripe', 'zoho', 'frontdesk'],
    'message': ['twilio', 'clicksend', 'gohighlevel', 'frontdesk'],
    'consent': ['manychat', 'zoho', 'gohighlevel', 'frontdesk'],
    'engagement': ['stripe', 'zoho', 'gohighlevel', 'proof', 'frontdesk'],
} %}
{%- set plurals = {'touch': 'touches'} %}

with unioned as (

    {% for family, sources in shapes.items() %}
    {% set outer = loop %}
    {% for source_name in sources %}
    select
        '{{ family }}' as fact_family,
        *
    from {{ ref('stg_' ~ source_name ~ '__' ~ plurals.get(family, family ~ 's')) }}
    {% if not (outer.last and loop.last) %}union all by name{% endif %}
    {% endfor %}
    {% endfor %}

),

final as (

    select
        * exclude (entity_kind, entity_id),
        case fact_family
            when 'booking' then 'booking'
            when 'payment' then 'payment'
            when 'message' then 'message'
            when 'lead' then 'lead'
            else entity_kind
        end as entity_kind,
        case fact_family
            when 'booking' then booking_id
            when 'payment' then payment_id
            when 'message' then message_id
            when 'lead' then lead_id
            else entity_id
        end as entity_id
    from unioned

)

select * from final
