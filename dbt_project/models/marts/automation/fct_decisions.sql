{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with judged as (

    select * from {{ ref('int_commands_judged') }}

),

consent_changes as (

    select
        tenant_id,
        contact_id,
        address,
        address_key,
        -- Sorts by its fields: of a grant and a refusal at the same instant, the refusal is the later one.
        {
            'changed_at': changed_at,
            'is_refused': not is_granted,
            'consent_key': consent_key,
            'address': address,
            'channel': channel,
            'purpose': purpose,
            'is_granted': is_granted,
            'event_id': event_id,
            'evidence': evidence
        } as change
    from {{ ref('fct_consents') }}

),

contact_consents as (

    select
        contact_id,
        list(change) as changes
    from consent_changes
    group by contact_id

),

-- Of whichever contact: who shares an address shares what it allows.
address_consents as (

    select
        tenant_id,
        address,
        list(change) as changes
    from consent_changes
    where address_key is not null
    group by tenant_id, address

),

-- What is about the contact or the address that is written to, ascending.
known as (

    select
        judged.*,
        list_sort(list_distinct(list_concat(contact_consents.changes, address_consents.changes))) as all_consents
    from judged
    left join contact_consents on judged.contact_id = contact_consents.contact_id
    left join address_consents
        on judged.tenant_id = address_consents.tenant_id and judged.to_address = address_consents.address

),

-- What is about the address that is written to. A grant that names none opens no address that was refused by
-- itself.
consented as (

    select
        * exclude (all_consents),
        list_filter(
            all_consents,
            lambda c: c['address'] = to_address
            or (
                c['address'] is null
                and (
                    not c['is_granted']
                    or len(
                        list_filter(all_consents, lambda o: o['address'] = to_address and not o['is_granted'])
                    ) = 0
                )
            )
        ) as consents
    from known

),

permitted as (

    select
        *,
        {{ consent_in_force('consents') }} as newest_consent,
        {{ consent_in_force('consents', until='due_at') }} as consent
    from consented

),

reasoned as (

    select
        *,
        case
            when anchor = 'booking_start' and not coalesce(booking_starts_at = known_starts_at, false) then 'moved'
            when list_contains(booking_is, booking_status) then 'booking_state'
            when {{ booking_contradicts('booking_status') }} then 'booking_state'
            when tells_start and booking_upcoming_until <= due_at then 'started'
            when undoing_when_due is not null then 'undone'
            when prevention['at'] <= due_at then 'happened'
            when failed_condition is not null then 'condition'
            when channel in ('sms', 'email') and due_address is null then 'no_address'
            when channel in ('sms', 'email') and coalesce(not consent['is_granted'], false) then 'opted_out'
            when channel in ('sms', 'email') and message_class = 'marketing' and consent is null then 'no_consent'
            when provider is null and not is_shadow then 'no_sender'
            when
                once_per in ('contact', 'guest')
                and len(
                    list_filter(
                        done_keys,
                        lambda k: k <> command_key
                        and starts_with(k, concat_ws('/', tenant_id, rule_id, command_type, once_per || ':'))
                        and (once_per = 'contact' or split_part(k, ':', -1) = split_part(subject, ':', -1))
                    )
                ) > 0
                then 'done_before'
        end as reason,
        -- As things stand now: of no account for what went out, but what still waits must not.
        case
            when anchor = 'booking_start' and not coalesce(newest_starts_at = known_starts_at, false) then 'moved'
            when list_contains(booking_is, newest_status) then 'booking_state'
            when {{ booking_contradicts('newest_status') }} then 'booking_state'
            when undoing is not null then 'undone'
            when prevention is not null then 'happened'
            when newest_failed_condition is not null then 'condition'
            when channel in ('sms', 'email') and coalesce(not newest_consent['is_granted'], false) then 'opted_out'
        end as stopped_since
    from permitted

),

-- One row per command: of several facts that could have caused it the first that still holds, or else did, or else
-- the first.
chosen as (

    select *
    from reasoned
    qualify row_number() over (
        partition by command_key
        order by reason is not null, stopped_since is not null, fact_order, due_at
    ) = 1

),

-- A moved booking is told once: by the text of the move itself or of the rule's own newer fact where there is one, else
-- by the text that waits, which has the words of now.
retold as (

    select
        *,
        channel in ('sms', 'email')
        and anchor = 'fact'
        and newest_starts_at <> known_starts_at
        and starts_with(fact_type, 'booking.')
        and (
            bool_or(reason is null and known_starts_at = newest_starts_at) over of_rule
            or bool_or(
                reason is null
                and known_starts_at = newest_starts_at
                and fact_type = 'booking.rescheduled'
                and anchor = 'fact'
                and not is_shadow
                and not is_in_holdout
            ) over of_channel
        ) as is_told_anew
    from chosen
    window
        of_rule as (partition by tenant_id, rule_id, known_booking_id, command_type),
        of_channel as (partition by tenant_id, known_booking_id, command_type)

),

stopped as (

    select
        *,
        case when reason is null then coalesce(stopped_since, case when is_told_anew then 'moved' end) end
            as stopped_by
    from retold

),

final as (

    select
        tenant_id,
        command_key,
        rule_id,
        rule_version,
        command_type,
        channel,
        provider,
        message_class,
        contact_id,
        known_booking_id as booking_id,
        event_id as cause_event_id,
        fact_type as cause_type,
        occurred_at as caused_at,
        due_at,
        {{ command_expiry() }} as expires_at,
        case
            when reason is not null then 'refused'
            when is_shadow then 'shadow'
            when is_in_holdout then 'held_out'
            else 'intended'
        end as verdict,
        reason,
        stopped_by,
        {{ reason_in_words(
            'stopped_by', 'newest_starts_at', 'newest_status', 'undoing', 'newest_failed_condition', 'newest_consent'
        ) }} as stopped_detail,
        case
            when stopped_by in ('moved', 'booking_state') then newest_booking_from
            when stopped_by = 'undone' then undoing['at']
            when stopped_by = 'happened' then prevention['at']
            when stopped_by = 'opted_out' then newest_consent['changed_at']
        end as stopped_at,
        {{ reason_in_words(
            'reason', 'booking_starts_at', 'booking_status', 'undoing_when_due', 'failed_condition', 'consent'
        ) }} as reason_detail,
        case
            when reason = 'happened' then prevention['event_id']
            when reason = 'undone' then undoing_when_due['event_id']
            when reason is null or reason = 'opted_out' then consent['event_id']
        end as reason_event_id,
        to_address,
        template,
        {{ command_payload() }} as payload
    from stopped

)

select * from final
