{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ attributed_facts() }}

),

candidates as (

    select * from {{ rows_of_batch('int_rule_candidates') }}

),

actions as (

    select * from {{ ref('stg_tenants__rule_actions') }}

),

senders as (

    select * from {{ ref('stg_tenants__senders') }}

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
    from {{ rows_of_batch('fct_consents') }}

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

-- Commands for a contact whose id has changed since keep their old key: what was done for the contact counts.
done as (

    select
        contact_id,
        list(distinct command_key) as command_keys
    from facts
    where
        command_key is not null
        and fact_type in (
            'message.sent', 'message.uncertain', 'task.created', 'webhook.delivered', 'webhook.uncertain'
        )
    group by contact_id

),

acts as (

    select
        candidates.*,
        actions.command_type,
        actions.channel,
        actions.template,
        actions.settings,
        actions.contact_variables as contact_fields,
        actions.booking_variables as booking_fields,
        actions.fact_variables as fact_fields,
        senders.provider,
        list_sort(list_distinct(list_concat(contact_consents.changes, address_consents.changes))) as all_consents,
        done.command_keys as done_keys,
        concat_ws('/', candidates.tenant_id, candidates.rule_id, actions.command_type, candidates.subject)
            as command_key,
        case actions.channel
            when 'sms' then candidates.contact_phone
            when 'email' then candidates.contact_email
        end as due_address,
        case actions.channel
            when 'sms' then candidates.newest_phone
            when 'email' then candidates.newest_email
        end as to_address,
        -- Words that say when, of a booking that was made, confirmed or moved: they are of its start to come.
        candidates.anchor = 'fact'
        and candidates.due_offset = to_seconds(0)
        and list_contains(actions.booking_variables, 'starts_at')
        and candidates.fact_type in (
            'booking.created', 'booking.confirmed', 'booking.rescheduled', 'booking.updated'
        ) as tells_start
    from candidates
    inner join actions on candidates.tenant_id = actions.tenant_id and candidates.rule_id = actions.rule_id
    left join senders on candidates.tenant_id = senders.tenant_id and actions.channel = senders.channel
    left join contact_consents on candidates.contact_id = contact_consents.contact_id
    left join address_consents
        on
            candidates.tenant_id = address_consents.tenant_id
            and address_consents.address = case actions.channel
                when 'sms' then candidates.newest_phone
                when 'email' then candidates.newest_email
            end
    left join done on candidates.contact_id = done.contact_id
    where coalesce(actions.only_fact_channel = (candidates.fact ->> 'channel'), true)

),

-- What is about the address that is written to, ascending. A grant that names none opens no address that was refused
-- by itself.
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
    from acts

),

judged as (

    select
        *,
        flatten(
            list_transform(
                list_filter(
                    conditions,
                    lambda c: c['field'] = 'booking.status' and list_contains(['equals', 'one_of'], c['operator'])
                ),
                lambda c: c['expected']
            )
        ) as asked_statuses,
        list_extract(
            list_filter(conditions, lambda c: not ({{ condition_is_met('c') }})), 1
        ) as failed_condition,
        -- What our own texts change says nothing of whether the next one still holds.
        list_extract(
            list_filter(
                conditions,
                lambda c: not list_contains(
                    ['contact.count_messages', 'contact.last_seen_at', 'booking.last_changed_at'], c['field']
                )
                and not ({{ condition_is_met('c', 'newest_') }})
            ),
            1
        ) as newest_failed_condition,
        list_extract(
            list_filter(
                consents,
                lambda c: list_contains([channel, 'all'], c['channel'])
                and list_contains([message_class, 'all'], c['purpose'])
            ),
            -1
        ) as newest_consent,
        list_extract(
            list_filter(
                consents,
                lambda c: c['changed_at'] <= due_at
                and list_contains([channel, 'all'], c['channel'])
                and list_contains([message_class, 'all'], c['purpose'])
            ),
            -1
        ) as consent,
        {%- for group, newest in [('contact', 'newest_'), ('booking', 'newest_'), ('fact', '')] %}
        map_from_entries(
            list_transform({{ group }}_fields, lambda v: row(v, json_extract({{ newest }}{{ group }}, '$.' || v)))
        ) as {{ group }}_variables,
        {%- endfor %}
        md5_number_lower(concat_ws('|', tenant_id, rule_id, contact_id)) % 100 < holdout_percent as is_in_holdout
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
    from judged

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
        case stopped_by
            when 'moved'
                then concat('the booking starts at ', coalesce({{ iso_instant('newest_starts_at') }}, 'no known time'))
            when 'booking_state' then concat('the booking is ', newest_status)
            when 'undone' then concat(undoing['fact_type'], ' at ', {{ iso_instant("undoing['at']") }})
            when 'happened' then concat(prevention['fact_type'], ' at ', {{ iso_instant("prevention['at']") }})
            when 'condition' then {{ condition_in_words('newest_failed_condition') }}
            when 'opted_out'
                then concat(newest_consent['evidence'], ' at ', {{ iso_instant("newest_consent['changed_at']") }})
        end as stopped_detail,
        case
            when stopped_by in ('moved', 'booking_state') then newest_booking_from
            when stopped_by = 'undone' then undoing['at']
            when stopped_by = 'happened' then prevention['at']
            when stopped_by = 'opted_out' then newest_consent['changed_at']
        end as stopped_at,
        case reason
            when 'moved'
                then concat('the booking starts at ', coalesce({{ iso_instant('booking_starts_at') }}, 'no known time'))
            when 'booking_state' then concat('the booking is ', booking_status)
            when 'happened' then concat(prevention['fact_type'], ' at ', {{ iso_instant("prevention['at']") }})
            when 'started' then concat('the booking began at ', {{ iso_instant('booking_starts_at') }})
            when 'undone'
                then concat(undoing_when_due['fact_type'], ' at ', {{ iso_instant("undoing_when_due['at']") }})
            when 'condition' then {{ condition_in_words('failed_condition') }}
            when 'opted_out' then concat(consent['evidence'], ' at ', {{ iso_instant("consent['changed_at']") }})
        end as reason_detail,
        case
            when reason = 'happened' then prevention['event_id']
            when reason = 'undone' then undoing_when_due['event_id']
            when reason is null or reason = 'opted_out' then consent['event_id']
        end as reason_event_id,
        to_address,
        template,
        json_merge_patch(
            json_object(
                'to', to_address,
                'template', coalesce(template, case when rule_id = 'manual' then fact ->> 'detail' end),
                'text', case when rule_id = 'manual' then fact ->> 'body' end,
                'subject', case when rule_id = 'manual' then fact ->> 'title' end,
                'is_immediate', anchor = 'fact' and due_offset = to_seconds(0),
                'fact_type', fact_type,
                'occurred_at', {{ iso_instant('occurred_at') }},
                'booking_id', known_booking_id,
                'contact', json_object('phone', newest_phone, 'email', newest_email, 'name', newest_name),
                'variables', json_object(
                    'contact', contact_variables,
                    'booking', booking_variables,
                    'fact', fact_variables
                )
            ),
            settings
        )::varchar as payload
    from stopped

)

select * from final
