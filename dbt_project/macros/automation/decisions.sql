{#- An instant as text that sorts as it does: ISO 8601 in UTC. -#}
{% macro iso_instant(instant, seconds='%S') -%}
    strftime({{ instant }} at time zone 'UTC', '%Y-%m-%dT%H:%M:{{ seconds }}Z')
{%- endmacro %}

{#-
    Whether a rule's condition holds for its field of contact, booking or fact (JSON objects). An unknown value meets is_not_set alone. Instants and
    texts are compared as text: instants are written so that they sort. `prefix` names the columns of another moment.
-#}
{% macro condition_is_met(condition, prefix='') -%}
    list_transform([
        case split_part({{ condition }}['field'], '.', 1)
            when 'contact' then {{ prefix }}contact
            when 'booking' then {{ prefix }}booking
            else fact
        end ->> split_part({{ condition }}['field'], '.', 2)
    ], lambda v: case {{ condition }}['operator']
        when 'is_not_set' then v is null
        when 'is_set' then v is not null
        when 'equals' then v = {{ condition }}['expected'][1]
        when 'not_equals' then v <> {{ condition }}['expected'][1]
        when 'one_of' then list_contains({{ condition }}['expected'], v)
        when 'none_of' then not list_contains({{ condition }}['expected'], v)
        when 'contains' then contains(lower(v), lower({{ condition }}['expected'][1]))
        when 'greater_than' then {{ compare_values(condition, 'v') }} > 0
        when 'at_least' then {{ compare_values(condition, 'v') }} >= 0
        when 'less_than' then {{ compare_values(condition, 'v') }} < 0
        when 'at_most' then {{ compare_values(condition, 'v') }} <= 0
    end)[1] is true
{%- endmacro %}

{#- A condition as it is told: "booking.status equals confirmed". -#}
{% macro condition_in_words(condition) -%}
    concat_ws(
        ' ',
        {{ condition }}['field'],
        {{ condition }}['operator'],
        array_to_string({{ condition }}['expected'], ', ')
    )
{%- endmacro %}

{#- Below, at or above zero as a value is below, at or above what a condition expects. -#}
{% macro compare_values(condition, value) -%}
    case
        when {{ condition }}['kind'] = 'number'
            then sign(try_cast({{ value }} as decimal(38, 6)) - try_cast({{ condition }}['expected'][1] as decimal(38, 6)))
        when {{ value }} < {{ condition }}['expected'][1] then -1
        when {{ value }} > {{ condition }}['expected'][1] then 1
        when {{ value }} is not null then 0
    end
{%- endmacro %}

{#-
    Whether what a booking is contradicts what the fact told that the rule acts on. A rule that asks for a
    state by `booking.status` itself gets it. Before its start, a booking that is over contradicts what speaks of
    it as coming; what was paid stays paid when the booking is cancelled.
-#}
{% macro booking_contradicts(status) -%}
    case
        when {{ status }} is null or list_contains(asked_statuses, {{ status }}) then false
        when fact_type in ('booking.cancelled', 'booking.declined', 'booking.completed', 'booking.no_show')
            then {{ status }} <> split_part(fact_type, '.', 2)
        when {{ status }} in ('cancelled', 'declined')
            then starts_with(fact_type, 'booking.')
            or (
                coalesce(known_status not in ('cancelled', 'declined'), true)
                and fact_type in ('payment.pending', 'payment.failed', 'stage.changed')
            )
        when starts_with(fact_type, 'booking.') and {{ status }} in ('completed', 'no_show')
            then due_at < coalesce(known_starts_at, 'infinity')
        else fact_type = 'booking.confirmed' and {{ status }} = 'pending'
    end
{%- endmacro %}

{#-
    Until when a command may still go out: a text is of use for a day, one that speaks of a coming start until that
    start, and what is done inside the house for a week. Older ones are history: a command first known after this is
    never sent.
-#}
{% macro command_expiry() -%}
    case
        when channel not in ('sms', 'email') then due_at + interval 7 days
        when anchor = 'booking_start' and due_offset < to_seconds(0)
            then least(due_at + interval 1 day, booking_starts_at)
        when tells_start and newest_upcoming_until > due_at then least(due_at + interval 1 day, newest_upcoming_until)
        else due_at + interval 1 day
    end
{%- endmacro %}

{#- The newest of a list of consents, ascending, that is of the command's channel and purpose; up to an instant. -#}
{% macro consent_in_force(consents, until=none) -%}
    list_extract(
        list_filter(
            {{ consents }},
            lambda c: {% if until %}c['changed_at'] <= {{ until }}
            and {% endif %}list_contains([channel, 'all'], c['channel'])
            and list_contains([message_class, 'all'], c['purpose'])
        ),
        -1
    )
{%- endmacro %}
