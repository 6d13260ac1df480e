{#- A whole, non-negative number below 10^15 (also written 1200.0), or NULL; fits 2^53, so no reader loses digits. -#}
{% macro whole_number(expression) -%}
    try_cast(regexp_extract_all({{ expression }}, '^(\d{1,15})(?:\.0+)?$', 1)[1] as bigint)
{%- endmacro %}

{#- ISO 4217 code in capitals, or NULL. -#}
{% macro currency_code(expression) -%}
    upper(regexp_extract_all({{ expression }}, '^\s*([A-Za-z]{3})\s*$', 1)[1])
{%- endmacro %}

{#-
    Minor units of a decimal amount such as 120.00, or NULL. Decimals by ISO 4217: none for yen and its like, three
    for the dinars, else two, also when the currency is not known.
-#}
{% macro minor_units_from_decimal(expression, currency='cast(null as varchar)') -%}
    try_cast(
            round(
                try_cast(regexp_extract_all({{ expression }}, '^\s*(\d{1,12}(?:\.\d*)?)\s*$', 1)[1] as decimal(18, 4))
                * case
                    when upper({{ currency }}) in (
                        'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF',
                        'XOF', 'XPF'
                    ) then 1
                    when upper({{ currency }}) in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 1000
                    else 100
                end
            ) as bigint
        )
{%- endmacro %}
