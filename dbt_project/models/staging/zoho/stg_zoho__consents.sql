{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['zoho.']}}) }}

-- Leaving a mailing, or calling one spam, ends the consent to marketing e-mail.
with events as (

    select * replace (lower(type) as type)
    from {{ ref('stg_event_log__events') }}
    where source = 'zoho'

),

campaign_events as (

    select
        * exclude (headers, payload),
        unnest(
            from_json(
                payload,
                '{"data": [{"contact_id": "VARCHAR", "contact_email": "VARCHAR", "action_time": "VARCHAR"}]}'
            ).data
        ) as item
    from events
    where type in ('zoho.campaigns.unsubscribed', 'zoho.campaigns.spam')

),

campaign_lines as (

    select
        *,
        {{ line_instant(instant_from_unix_milliseconds('item.action_time')) }} as acted_at
    from campaign_events
    where coalesce({{ line_text('item.contact_id') }}, {{ line_text('item.contact_email') }}) is not null

),

posts as (

    select
        *,
        {{ zoho_post() }} as post
    from events
    where type = 'zoho.email_unsubscribed'

),

unpacked_posts as (

    select
        * exclude (headers, payload),
        {{ zoho_post_data() }} as post_data
    from posts

),

read_posts as (

    select
        * exclude (post, post_data),
        {{ zoho_post_fields() }}
    from unpacked_posts

),

final as (

    select
        {{ event_columns('acted_at') }},
        'consent.revoked' as fact_type,
        {{ contact_columns(ref_kind='zoho_record', ref='item.contact_id', email='item.contact_email') }},
        'email' as channel,
        'marketing' as purpose,
        false as is_granted,
        'Zoho ' || replace(type, 'zoho.', '') as evidence
    from campaign_lines

    union all

    select
        {{ event_columns() }},
        'consent.revoked' as fact_type,
        {{ zoho_post_contact_columns() }},
        'email' as channel,
        'marketing' as purpose,
        false as is_granted,
        'Zoho email_unsubscribed' as evidence
    from read_posts

)

select * from final
