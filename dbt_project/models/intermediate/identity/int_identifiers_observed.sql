{{ config(
    tags=['live'],
    meta={'live': {'mode': 'append', 'column': 'identifier_key', 'scope': 'scope_identifiers'}},
    indexes=[{'columns': ['identifier_key']}]
) }}

{%- set observed_columns = [
    ('phone_key', "'phone'", 'phone', 'phone_use', 1),
    ('contact_ref_key', 'contact_ref_kind', 'contact_ref', 'contact_ref_use', 2),
    ('email_key', "'email'", 'email', 'email_use', 3),
    ('entity_key', 'entity_kind', 'entity_id', "'entity'", 4),
    ('booking_ref_key', "'booking'", 'booking_id', "'entity'", 4),
    ('charge_ref_key', "'payment'", 'charge_id', "'entity'", 4),
] %}

with facts as (

    select * from {{ ref('int_facts_normalised') }}

),

observed as (

    {% for key, kind, value, use, rank in observed_columns %}
    select
        {{ key }} as identifier_key,
        primary_identifier_key,
        tenant_id,
        {{ kind }} as identifier_kind,
        {{ value }} as identifier_value,
        {{ use }} as identifier_use,
        {{ rank }} as identifier_rank,
        event_id,
        source_event_id,
        sequence,
        source,
        occurred_at
    from facts
    where {{ key }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

final as (

    select * from observed

)

select * from final
