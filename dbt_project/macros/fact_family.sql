{#-
    The kind of fact a canonical type tells of; what is none of the eight is an engagement, and so is what happens to a
    message before there is one.
-#}
{% macro fact_family(fact_type) -%}
    case
        when {{ fact_type }} in ('message.requested', 'message.suppressed', 'message.uncertain') then 'engagement'
        when {{ fact_type }} in (
            'refund.pending', 'refund.succeeded', 'refund.failed', 'refund.cancelled',
            'dispute.updated', 'dispute.won', 'dispute.lost'
        ) then 'payment'
        when split_part({{ fact_type }}, '.', 1) in (
            'contact', 'lead', 'touch', 'booking', 'payment', 'message', 'consent'
        ) then split_part({{ fact_type }}, '.', 1)
        else 'engagement'
    end
{%- endmacro %}
