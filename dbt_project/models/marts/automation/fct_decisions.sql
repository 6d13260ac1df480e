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

consents as (

    select
        contact_id,
        -- Ascending; of a grant and a refusal at the same instant, the refusal is the later one.
        list(
            {
                'changed_at': changed_at,
                'channel': channel,
                'purpose': purpose,
                'is_granted': is_granted,
                'event_id': event_id,
                'evidence': evidence
            }
            order by changed_at asc, is_granted desc, consent_key asc
        ) as changes
    from {{ rows_of_batch('fct_consents') }}
    group by contact_id

),

-- Commands for a contact whose id has changed since keep their old key: what was done for the contact counts.
done as (

    select
        contact_id,
        list(distinct command_key) as command_keys
    from facts
    where command_key is not null and fact_type in ('message.sent', 'message.uncertain', 'task.created')
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
        consents.changes as consents,
        done.command_keys as done_keys,
        concat_ws('/', candidates.tenant_id, candidates.rule_id, actions.command_type, candidates.subject)
            as command_key,
        case actions.channel
            when 'sms' then candidates.contact_phone
            when 'email' then candidates.contact_email
        end as to_address
    from candidates
    inner join actions on candidates.tenant_id = actions.tenant_id and candidates.rule_id = actions.rule_id
    left join senders on candidates.tenant_id = senders.tenant_id and actions.channel = senders.channel
    left join consents on candidates.contact_id = consents.contact_id
    left join done on candidates.contact_id = done.contact_id
    where coalesce(actions.only_fact_channel = (candidates.fact ->> 'channel'), true)

),

judged as (

    select
        *,
        list_extract(
            list_filter(conditions, lambda c: not ({{ condition_is_met('c') }})), 1
        ) as failed_condition,
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
        {%- for group in ['contact', 'booking', 'fact'] %}
        map_from_entries(
            list_transform({{ group }}_fields, lambda v: row(v, json_extract({{ group }}, '$.' || v)))
        ) as {{ group }}_variables,
        {%- endfor %}
        md5_number_lower(concat_ws('|', tenant_id, rule_id, contact_id)) % 100 < holdout_percent as is_in_holdout
    from acts

),

reasoned as (

    select
        *,
        case
            when anchor = 'booking_start' and not coalesce(booking_starts_at = known_starts_at, false) then 'moved'
            when list_contains(booking_is, booking_status) then 'booking_state'
            when prevention['at'] <= due_at then 'happened'
            when failed_condition is not null then 'condition'
            when channel in ('sms', 'email') and to_address is null then 'no_address'
            when channel in ('sms', 'email') and coalesce(not consent['is_granted'], false) then 'opted_out'
            when channel in ('sms', 'email') and message_class = 'marketing' and consent is null then 'no_consent'
            when provider is null then 'no_sender'
            when
                once_per = 'contact'
                and len(
                    list_filter(
                        done_keys,
                        lambda k: k <> command_key
                        and starts_with(k, concat_ws('/', tenant_id, rule_id, command_type, 'contact:'))
                    )
                ) > 0
                then 'done_before'
        end as reason,
        -- As things stand now: of no account for what went out, but what still waits must not.
        case
            when anchor = 'booking_start' and not coalesce(newest_starts_at = known_starts_at, false) then 'moved'
            when list_contains(booking_is, newest_status) then 'booking_state'
            when prevention is not null then 'happened'
            when channel in ('sms', 'email') and coalesce(not newest_consent['is_granted'], false) then 'opted_out'
        end as stopped_by
    from judged

),

-- One row per command: of several facts that could have caused it the first that did, or else the first.
chosen as (

    select *
    from reasoned
    qualify row_number() over (partition by command_key order by reason is not null, fact_order, due_at) = 1

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
        case when reason is null then stopped_by end as stopped_by,
        case reason
            when 'moved'
                then concat('the booking starts at ', coalesce({{ iso_instant('booking_starts_at') }}, 'no known time'))
            when 'booking_state' then concat('the booking is ', booking_status)
            when 'happened' then concat(prevention['fact_type'], ' at ', {{ iso_instant("prevention['at']") }})
            when 'condition'
                then concat_ws(
                    ' ',
                    failed_condition['field'],
                    failed_condition['operator'],
                    array_to_string(failed_condition['expected'], ', ')
                )
            when 'opted_out' then concat(consent['evidence'], ' at ', {{ iso_instant("consent['changed_at']") }})
        end as reason_detail,
        case
            when reason = 'happened' then prevention['event_id']
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
                'contact', json_object('phone', contact_phone, 'email', contact_email, 'name', contact_name),
                'variables', json_object(
                    'contact', contact_variables,
                    'booking', booking_variables,
                    'fact', fact_variables
                )
            ),
            settings
        )::varchar as payload
    from chosen

)

select * from final
