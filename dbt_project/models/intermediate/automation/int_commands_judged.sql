{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'inline'}}) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}

),

candidates as (

    select * from {{ ref('int_rule_candidates') }}

),

rules as (

    select * from {{ ref('stg_tenants__rules') }}

),

actions as (

    select * from {{ ref('stg_tenants__rule_actions') }}

),

senders as (

    select * from {{ ref('stg_tenants__senders') }}

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
        rules.rule_version,
        rules.anchor,
        rules.due_offset,
        rules.once_per,
        rules.message_class,
        rules.booking_is,
        rules.conditions,
        rules.holdout_percent,
        rules.is_shadow,
        actions.command_type,
        actions.channel,
        actions.template,
        actions.settings,
        actions.contact_variables as contact_fields,
        actions.booking_variables as booking_fields,
        actions.fact_variables as fact_fields,
        senders.provider,
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
        rules.anchor = 'fact'
        and rules.due_offset = to_seconds(0)
        and list_contains(actions.booking_variables, 'starts_at')
        and candidates.fact_type in (
            'booking.created', 'booking.confirmed', 'booking.rescheduled', 'booking.updated'
        ) as tells_start
    from candidates
    inner join rules on candidates.tenant_id = rules.tenant_id and candidates.rule_id = rules.rule_id
    inner join actions on candidates.tenant_id = actions.tenant_id and candidates.rule_id = actions.rule_id
    left join senders on candidates.tenant_id = senders.tenant_id and actions.channel = senders.channel
    left join done on candidates.contact_id = done.contact_id
    where coalesce(actions.only_fact_channel = (candidates.fact ->> 'channel'), true)

),

final as (

    select
        * exclude (
            contact, newest_contact, booking, newest_booking, conditions, contact_fields, booking_fields, fact_fields
        ),
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
        {%- for group, newest in [('contact', 'newest_'), ('booking', 'newest_'), ('fact', '')] %}
        map_from_entries(
            list_transform({{ group }}_fields, lambda v: row(v, json_extract({{ newest }}{{ group }}, '$.' || v)))
        ) as {{ group }}_variables,
        {%- endfor %}
        md5_number_lower(concat_ws('|', tenant_id, rule_id, contact_id)) % 100 < holdout_percent as is_in_holdout
    from acts

)

select * from final
