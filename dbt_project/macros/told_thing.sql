{#-
    What a fact of int_facts_attributed tells of, besides tenant and type. Several deliveries can tell of one thing: a
    payment's intent, its charge and its checkout session all say "paid". Where this differs, they are two things.
-#}
{% macro told_thing() -%}
    case fact_family
            when 'booking' then concat_ws('|', booking_id, starts_at)
            when 'payment'
                then concat_ws(
                    '|', payment_id, case when payment_change = 'refunded' then refunded_minor end, part_id, part_status
                )
            when 'message' then concat_ws('|', message_id, message_status)
            else concat_ws('|', source, source_event_id, entity_id, title, detail, channel)
        end
{%- endmacro %}
