{#- A whole, non-negative number below 10^15 (also written 1200.0), or NULL; fits 2^53, so no reader loses digits. -#}
{% macro whole_number(expression) -%}
    try_cast(regexp_extract_all({{ expression }}, '^(\d{1,15})(?:\.0+)?$', 1)[1] as bigint)
{%- endmacro %}

{#- ISO 4217 code in capitals, or NULL. -#}
{% macro currency_code(expression) -%}
    upper(regexp_extract_all({{ expression }}, '^\s*([A-Za-z]{3})\s*$', 1)[1])
{%- endmacro %}

{#-
    Minor units of one of Stripe's whole numbers, or NULL. Stripe writes some currencies without digits (ISK, UGX) in
    hundredths; what such a currency cannot hold is rounded half up.
-#}
{% macro minor_units_from_stripe(expression, currency) -%}
    cast(round({{ whole_number(expression) }}::decimal(18, 2) * pow(10, {{ digits_more_than_stripes(currency) }})) as bigint)
{%- endmacro %}

{#- Minor units as an amount with its currency, such as 15.00 AUD; NULL where there are none. -#}
{% macro amount_text(minor, currency) -%}
    format(
        '{:.{}f} {}',
        {{ minor }} / pow(10, {{ currency_digits(currency) }}),
        {{ currency_digits(currency) }},
        {{ currency }}
    )
{%- endmacro %}

{#-
    Minor units of an amount as people write it, below zero where it is, or NULL where it can't be read for certain:
    frontdesk/domains/imports/cell_values.py reads the same. `decimal_mark` is SQL for what stands before the decimals, . or , .
    Written in steps, each of which names the one before once: what is repeated is planned as often.
-#}
{% macro minor_units_from_text(text, currency, decimal_mark) -%}
    list_transform(
            list_transform(
                list_transform(
                    [{
                        'text': {{ plain_amount(text) }},
                        'currency': {{ currency }},
                        'marks': if({{ decimal_mark }} = ',', ',.', '.,')
                    }],
                    lambda typed_amount: {
                        'currency': typed_amount.currency,
                        'marks': typed_amount.marks,
                        'is_bracketed': starts_with(typed_amount.text, '(') and ends_with(typed_amount.text, ')'),
                        'digits': {{ currency_digits('typed_amount.currency') }},
                        -- From here on the decimal mark is a point.
                        'parts': regexp_extract(
                            translate(trim(regexp_replace(typed_amount.text, '^\((.*)\)$', '\1')), typed_amount.marks, '.,'),
                            '^([^0-9]*?\pL *[.,]|[^0-9]*?)(?:([0-9]+|[0-9]{1,3}(?:(?:,[0-9]{3})+|(?:,[0-9]{2})+,[0-9]{3}|(?: [0-9]{3})+|(?: [0-9]{2})+ [0-9]{3}|(?:''[0-9]{3})+|(?:''[0-9]{2})+''[0-9]{3}))(?:\.([0-9]+))?|\.([0-9]+))([^0-9]*)$',
                            ['before', 'whole', 'fraction', 'alone', 'after']
                        )
                    }
                ),
                lambda cut_amount: {
                    'currency': cut_amount.currency,
                    'is_bracketed': cut_amount.is_bracketed,
                    'digits': cut_amount.digits,
                    'whole': regexp_replace(cut_amount.parts['whole'], '[^0-9]', '', 'g'),
                    'fraction': cut_amount.parts['fraction'] || cut_amount.parts['alone'],
                    'unit': translate(
                        cut_amount.parts['before'] || ' ' || if(trim(cut_amount.parts['after']) = '.', '', cut_amount.parts['after']), '.,', cut_amount.marks
                    )
                }
            ),
            lambda told_amount: case
                when
                    length(told_amount.whole || told_amount.fraction) between 1 and 18
                    and length(rtrim(told_amount.fraction, '0')) <= told_amount.digits
                    -- 1.200 may be a thousand and two hundred.
                    and not (
                        length(told_amount.fraction) = 3
                        and told_amount.digits < 3
                        and regexp_full_match(told_amount.whole, '[1-9][0-9]{0,2}')
                    )
                    and length(regexp_replace(told_amount.unit, '[^+-]', '', 'g')) + told_amount.is_bracketed::integer <= 1
                    and len(list_filter(
                        string_split(regexp_replace(told_amount.unit, '[+-]', '', 'g'), ' '),
                        lambda unit_part: not (
                            unit_part = ''
                            or unit_part = told_amount.currency
                            or coalesce(list_contains({{ currencies_of_symbols() }}[unit_part], told_amount.currency), false)
                        )
                    )) = 0
                    then if(told_amount.is_bracketed or contains(told_amount.unit, '-'), -1, 1)
                        * try_cast('0' || told_amount.whole || rpad(left(told_amount.fraction, told_amount.digits), told_amount.digits, '0') as bigint)
            end
        )[1]
{%- endmacro %}

{#-
    Minor units, not below zero, of an amount out of a payload that was asked for as JSON, or NULL. A number is read as
    programs write it and rounded half up; text as people do.
-#}
{% macro minor_units_from_json(amount, currency, decimal_mark) -%}
    list_filter(
            [
                if(
                    json_type({{ amount }}) = 'VARCHAR',
                    {{ minor_units_from_text("(" ~ amount ~ " ->> '$')", currency, decimal_mark) }},
                    try_cast(
                        round(
                            try_cast(({{ amount }} ->> '$') as decimal(28, 10)) * pow(10, {{ currency_digits(currency) }})
                        ) as bigint
                    )
                )
            ],
            lambda read_minor: read_minor between 0 and 999999999999999
        )[1]
{%- endmacro %}

{#- The amount as it came, JSON too, where one came and none could be read; NULL where all is well. -#}
{% macro unread_amount(amount, minor) -%}
    case when {{ minor }} is null then nullif(trim(translate(left({{ amount }} ->> '$', 200), e'\r\n\t', '   ')), '') end
{%- endmacro %}
