with timeline as (

    select * from {{ ref('fct_timeline') }}

),

bookings as (

    select * from {{ ref('fct_bookings') }}

),

answered_leads as (

    select * from {{ ref('rpt_speed_to_lead') }}

),

leads as (

    select * from timeline
    where type = 'lead.created'

),

booked_leads as (

    select
        leads.tenant_id,
        leads.timeline_key,
        leads.contact_id,
        leads.occurred_at,
        bookings.created_at as until_at
    from leads
    asof inner join bookings
        on
            leads.tenant_id = bookings.tenant_id
            and leads.contact_id = bookings.contact_id
            and leads.occurred_at <= bookings.created_at

),

final as (

    select
        tenant_id,
        unnest(['leads_new', 'lead_contacts']) as metric,
        timeline_key as source_key,
        unnest([timeline_key, contact_id]) as entity_key,
        contact_id,
        occurred_at as measured_at
    from leads

    union all by name

    select
        tenant_id,
        'leads_booked' as metric,
        timeline_key as source_key,
        contact_id as entity_key,
        contact_id,
        occurred_at as measured_at,
        until_at
    from booked_leads

    union all by name

    select
        tenant_id,
        unnest(['speed_to_lead', 'speed_to_lead_human']) as metric,
        lead_key as source_key,
        lead_key as entity_key,
        contact_id,
        unnest([
            if(first_answer_at is not null, lead_at, null), if(first_human_answer_at is not null, lead_at, null)
        ]) as measured_at,
        unnest([first_answer_at, first_human_answer_at]) as until_at,
        unnest([first_answer_seconds, first_human_answer_seconds]) as value
    from answered_leads

)

select * from final
