{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['waitlist.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        type in (
            'waitlist.joined',
            'waitlist.left',
            'waitlist.offered',
            'waitlist.accepted',
            'waitlist.declined',
            'waitlist.expired',
            'waitlist.withdrawn'
        )

),

parsed as (

    select
        *,
        type not in ('waitlist.joined', 'waitlist.left') as is_about_offer,
        from_json(
            payload,
            '{
                "entry_id": "VARCHAR", "version": "VARCHAR", "status": "VARCHAR",
                "service_key": "VARCHAR", "service": "VARCHAR", "person": "VARCHAR",
                "starts_from": "VARCHAR", "starts_until": "VARCHAR", "by": "VARCHAR", "reason": "VARCHAR",
                "offer": {
                    "booking_id": "VARCHAR", "starts_at": "VARCHAR", "ends_at": "VARCHAR", "staff": "VARCHAR",
                    "starts_at_local": "VARCHAR", "expires_at": "VARCHAR"
                },
                {{ canonical_contact_shape() }}
            }'
        ) as fact
    from events
    -- Nobody else can tell of them: who waits is offered times that are kept here.
    where source = 'frontdesk'

),

-- What tells of an offer is about that one alone: what takes one back says nothing of the next.
final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        if(is_about_offer, 'waitlist_offer', 'waitlist_entry') as entity_kind,
        coalesce(
            {{ line_text('if(is_about_offer, fact.offer.booking_id, fact.entry_id)') }}, subject_id, source_event_id
        ) as entity_id,
        cast(null as varchar) as title,
        nullif(
            concat_ws(
                ', ',
                {{ line_text('fact.service') }},
                if(is_about_offer, replace({{ line_text('fact.offer.starts_at_local') }}, 'T', ' '), null)
            ),
            ''
        ) as detail,
        {{ whole_number('fact.version') }} as change_order,
        {{ line_text('fact.service_key') }} as service_key,
        {{ line_text('fact.service') }} as service_name,
        if(is_about_offer, {{ line_text('fact.offer.staff') }}, null) as staff_name,
        if(is_about_offer, {{ instant_from_iso('fact.offer.starts_at') }}, null) as starts_at,
        if(is_about_offer, {{ instant_from_iso('fact.offer.ends_at') }}, null) as ends_at,
        json_object(
            'entry_id', coalesce({{ line_text('fact.entry_id') }}, subject_id, source_event_id),
            'status', {{ line_text('fact.status') }},
            'person', {{ line_text('fact.person') }},
            'starts_from', {{ instant_from_iso('fact.starts_from') }},
            'starts_until', {{ instant_from_iso('fact.starts_until') }},
            'booking_id', {{ line_text('fact.offer.booking_id') }},
            'expires_at', if(is_about_offer, {{ instant_from_iso('fact.offer.expires_at') }}, null),
            'by', {{ line_text('fact.by') }},
            'reason', {{ free_text('fact.reason') }}
        )::varchar as attributes
    from parsed

)

select * from final
