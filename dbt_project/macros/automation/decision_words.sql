{#- Why a command is not to go out, in words; names of the columns of the moment that is told of. -#}
{% macro reason_in_words(reason, starts_at, status, undoing, condition, consent) -%}
    case {{ reason }}
        when 'moved'
            then concat('the booking starts at ', coalesce({{ iso_instant(starts_at) }}, 'no known time'))
        when 'booking_state' then concat('the booking is ', {{ status }})
        when 'started' then concat('the booking began at ', {{ iso_instant(starts_at) }})
        when 'undone' then concat({{ undoing }}['fact_type'], ' at ', {{ iso_instant(undoing ~ "['at']") }})
        when 'happened' then concat(prevention['fact_type'], ' at ', {{ iso_instant("prevention['at']") }})
        when 'condition' then {{ condition_in_words(condition) }}
        when 'opted_out'
            then concat({{ consent }}['evidence'], ' at ', {{ iso_instant(consent ~ "['changed_at']") }})
    end
{%- endmacro %}

{#- What goes to who carries a command out: receiver, words and what may stand in them. -#}
{% macro command_payload() -%}
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
    )::varchar
{%- endmacro %}
