{#-
    Taxes and lines of a receipt out of a canonical payload (frontdesk/domains/payments/facts.py): asked for as text, and handed on as JSON
    lists with whole numbers for amounts. What can't be read is NULL in its place, and nothing is left out but what is
    beyond the sizes that imports allow.
-#}

{#- Keys of a payload that tell of taxes and lines, for the shape given to from_json. -#}
{% macro receipt_shape() -%}
    {%- set taxes = '[{"name": "VARCHAR", "rate": "VARCHAR", "amount_minor": "VARCHAR"}]' -%}
    "staff": "VARCHAR", "service": "VARCHAR", "tax_minor": "VARCHAR", "taxes": {{ taxes }},
                "lines": [{
                    "line_id": "VARCHAR", "description": "VARCHAR", "quantity": "VARCHAR",
                    "unit_price_minor": "VARCHAR", "amount_minor": "VARCHAR", "service": "VARCHAR", "staff": "VARCHAR",
                    "taxes": {{ taxes }}
                }]
{%- endmacro %}

{#- A whole number that may be below zero, or NULL. -#}
{% macro signed_whole_number(expression) -%}
    try_cast(regexp_extract_all({{ expression }}, '^(-?\d{1,15})(?:\.0+)?$', 1)[1] as bigint)
{%- endmacro %}

{#- A number such as 8.875, or NULL. -#}
{% macro decimal_number(expression) -%}
    try_cast(regexp_extract_all({{ expression }}, '^-?\d{1,12}(?:\.\d{1,20})?$')[1] as decimal(18, 6))
{%- endmacro %}

{#- A list of taxes with their values read; NULL for none. -#}
{% macro read_taxes(taxes) -%}
    case
            when len({{ taxes }}) > 0
                then list_transform({{ taxes }}[1:50], lambda told_tax: {
                    'name': {{ line_text('told_tax.name') }},
                    'rate': {{ decimal_number('told_tax.rate') }},
                    'amount_minor': {{ signed_whole_number('told_tax.amount_minor') }}
                })
        end
{%- endmacro %}

{#- Taxes as a JSON list; NULL for none. -#}
{% macro receipt_taxes(taxes) -%}
    to_json({{ read_taxes(taxes) }})::varchar
{%- endmacro %}

{#- Lines as a JSON list; NULL for none. -#}
{% macro receipt_lines(lines) -%}
    case
            when len({{ lines }}) > 0
                then to_json(list_transform({{ lines }}[1:500], lambda told_line: {
                    'line_id': {{ line_text('told_line.line_id') }},
                    'description': {{ free_text('told_line.description') }},
                    'quantity': {{ decimal_number('told_line.quantity') }},
                    'unit_price_minor': {{ signed_whole_number('told_line.unit_price_minor') }},
                    'amount_minor': {{ signed_whole_number('told_line.amount_minor') }},
                    'service_name': {{ line_text('told_line.service') }},
                    'staff_name': {{ line_text('told_line.staff') }},
                    'taxes': {{ read_taxes('told_line.taxes') }}
                }))::varchar
        end
{%- endmacro %}
