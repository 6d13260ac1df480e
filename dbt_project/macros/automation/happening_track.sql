{#-
    What a fact tells the state of, so that a later fact can take it back or overtake it (frontdesk/domains/rules/vocabulary.py,
    UNDONE_BY): a payment, an invoice, a deal; where a booking or a person stands in a pipeline; a consent.
-#}
{% macro happening_track(of='') -%}
    case
        when {{ of }}fact_type = 'stage.changed'
            then concat_ws(
                '/',
                'stage',
                coalesce(
                    {{ of }}booking_id,
                    -- A provider moves a deal of its own; who stands in one of our pipelines is a contact.
                    if(
                        ({{ of }}attributes ->> '$.pipeline') is null,
                        {{ of }}entity_kind || ':' || {{ of }}entity_id,
                        null
                    ),
                    {{ of }}contact_id
                ),
                {{ of }}attributes ->> '$.pipeline'
            )
        when {{ of }}fact_family = 'consent'
            then concat_ws('/', 'consent', {{ of }}contact_id, {{ of }}channel, {{ of }}purpose)
        else {{ of }}entity_kind || ':' || {{ of }}entity_id
    end
{%- endmacro %}

{#- Of what the newest fact says whether a cause still holds: of its own dispute, or else of its track. -#}
{% macro undone_scope() -%}
    if(fact_type = 'payment.disputed', 'dispute', 'track')
{%- endmacro %}
