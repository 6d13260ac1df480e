{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['proof.']}}) }}

-- Proof sends ids and times only, no names: the transaction's contact is known where our own facts or the signer's
-- e-mail name it. `transaction.completed` is the meeting's end; in signer-paid flows the documents can be fetched
-- only after `transaction.released`.
with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        source = 'proof'
        and (starts_with(type, 'proof.transaction.') or type in (
            'proof.transaction_status_update', 'proof.user_failed_transaction'
        ))

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{"data": {
                "transaction_id": "VARCHAR", "status": "VARCHAR", "details": "VARCHAR", "meeting_id": "VARCHAR",
                "document_id": "VARCHAR",
                "signer": {"email": "VARCHAR", "first_name": "VARCHAR", "last_name": "VARCHAR"}
            }}'
        ).data as data,
        case type
            when 'proof.transaction_status_update' then 'status_changed'
            when 'proof.user_failed_transaction' then 'signer_failed'
            when 'proof.transaction.meeting.video.processed' then 'recording_ready'
            else replace(replace(type, 'proof.transaction.', ''), '.', '_')
        end as change
    from events

),

normalised as (

    -- The first edition of the webhooks has one event for every status; the statuses that have an event of their own
    -- in the second edition get its name.
    select
        *,
        case
            when
                change = 'status_changed'
                and data.status in (
                    'created', 'completed', 'completed_with_rejections', 'expired', 'declined', 'released'
                )
                then data.status
            when change = 'status_changed' and data.status = 'sent' then 'sent_to_signer'
            when regexp_full_match(change, '[a-z0-9_]{1,60}') then change
            else 'changed'
        end as milestone
    from parsed

),

final as (

    select
        {{ event_columns() }},
        'notarization.' || milestone as fact_type,
        {{ contact_columns(
            email='data.signer.email',
            first_name='data.signer.first_name',
            last_name='data.signer.last_name'
        ) }},
        -- A signer is not who booked, and several sign: what tells of one makes no two of them one person.
        if({{ line_text('data.signer.email') }} is null, 'proof_transaction', 'proof_signer') as entity_kind,
        concat_ws(
            ':',
            coalesce({{ line_text('data.transaction_id') }}, subject_id, source_event_id),
            lower({{ line_text('data.signer.email') }})
        ) as entity_id,
        case milestone
            when 'completed' then 'Notarization completed'
            when 'completed_with_rejections' then 'Notarization completed with rejections'
            when 'released' then 'Notarized documents released'
            when 'recording_ready' then 'Recording of the notarization ready'
            when 'sent_to_signer' then 'Invitation sent to the signer'
            when 'signer_failed' then 'Signer could not complete the notarization'
            else 'Notarization: ' || replace(milestone, '_', ' ')
        end as title,
        coalesce(
            {{ free_text('data.details') }},
            {{ line_text('data.status') }},
            {{ line_text('data.meeting_id') }},
            {{ line_text('data.document_id') }}
        ) as detail,
        cast(null as bigint) as amount_minor,
        cast(null as varchar) as currency
    from normalised

)

select * from final
