{#-
    What a fact tells the state of, so that a later fact can take it back or overtake it (core/automation/vocabulary.py,
    UNDONE_BY): a payment, an invoice, a deal; where a booking or a person stands in a pipeline; a consent.
-#}
{% macro happening_track(of='') -%}
    case
        when {{ of }}fact_type = 'stage.changed'
            then concat_ws(
                '/', 'stage', coalesce({{ of }}booking_id, {{ of }}contact_id), {{ of }}attributes ->> '$.pipeline'
            )
        when {{ of }}fact_family = 'consent'
            then concat_ws('/', 'consent', {{ of }}contact_id, {{ of }}channel, {{ of }}purpose)
        else {{ of }}entity_kind || ':' || {{ of }}entity_id
    end
{%- endmacro %}
