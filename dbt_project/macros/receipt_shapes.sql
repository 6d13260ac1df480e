{#- Taxes as facts hold them (macros/staging/receipts.sql), for from_json. -#}
{% macro taxes_shape() -%}
    [{"name": "VARCHAR", "rate": "DECIMAL(18, 6)", "amount_minor": "BIGINT"}]
{%- endmacro %}

{#- Lines as facts hold them, for from_json. -#}
{% macro lines_shape() -%}
    [{
            "line_id": "VARCHAR", "description": "VARCHAR", "quantity": "DECIMAL(18, 6)", "unit_price_minor": "BIGINT",
            "amount_minor": "BIGINT", "service_name": "VARCHAR", "staff_name": "VARCHAR", "taxes": "JSON"
        }]
{%- endmacro %}

{#-
    The share of an amount that goes with a part of a whole, in minor units, rounded half away from zero in whole numbers,
    so that no machine's floating point decides. Shares of parts that follow one another are differences of two of these,
    so that they add up. 0 where the whole is 0; NULL where anything is not known.
-#}
{% macro share_of(amount, part, whole) -%}
    if(
            {{ whole }} = 0,
            0 * {{ amount }},
            sign({{ amount }}) * sign({{ part }}) * sign({{ whole }}) * (
                (2 * abs({{ amount }}::hugeint) * abs({{ part }}) + abs({{ whole }})) // (2 * abs({{ whole }}))
            )
        )::bigint
{%- endmacro %}

{#- The booking in the key of a command that a rule made about one; NULL for other keys. -#}
{% macro booking_of_command(command_key) -%}
    nullif(
            regexp_extract(
                {{ command_key }},
                '^[^/]+/[^/]+/[^/]+/booking:(.+?)(?:@booking\.[a-z_]+)?@?(?:\d{4}-\d\d-\d\dT[0-9:.]+Z)?$',
                1
            ),
            ''
        )
{%- endmacro %}
