{#- Written by `python -m frontdesk.core.money`, from Babel's table: change nothing here; a test compares. -#}

{#- How many digits a currency has behind the point; two where it is not known. -#}
{% macro currency_digits(currency) -%}
    case
        when upper({{ currency }}) in (
            'ADP', 'AFN', 'ALL', 'BIF', 'BYR', 'CLP', 'DJF', 'ESP', 'GNF', 'IQD', 'IRR', 'ISK', 'ITL', 'JPY', 'KMF', 'KPW',
            'KRW', 'LAK', 'LBP', 'LUF', 'MGA', 'MGF', 'MMK', 'MRO', 'PYG', 'RSD', 'RWF', 'SLL', 'SOS', 'STD', 'SYP', 'TMM',
            'TRL', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF', 'YER', 'ZMK', 'ZWD'
        ) then 0
        when upper({{ currency }}) in (
            'BHD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'
        ) then 3
        when upper({{ currency }}) in (
            'CLF', 'UYW'
        ) then 4
        else 2
    end
{%- endmacro %}

{#- How many digits a currency has more than Stripe's whole numbers of it have. -#}
{% macro digits_more_than_stripes(currency) -%}
    case
        when upper({{ currency }}) in (
            'ADP', 'AFN', 'ALL', 'BYR', 'ESP', 'IQD', 'IRR', 'ISK', 'ITL', 'KPW', 'LAK', 'LBP', 'LUF', 'MGF', 'MMK', 'MRO',
            'RSD', 'SLL', 'SOS', 'STD', 'SYP', 'TMM', 'TRL', 'UGX', 'UYI', 'YER', 'ZMK', 'ZWD'
        ) then -2
        when upper({{ currency }}) in (
            'LYD'
        ) then 1
        when upper({{ currency }}) in (
            'CLF', 'UYW'
        ) then 2
        else 0
    end
{%- endmacro %}

{#- What a currency's symbol can stand for. -#}
{% macro currencies_of_symbols() -%}
    map {
        '€': ['EUR'],
        '£': ['FKP', 'GBP', 'GIP', 'SHP'],
        '¥': ['CNY', 'JPY'],
        '₹': ['INR'],
        '₩': ['KRW'],
        'US$': ['USD'],
        'A$': ['AUD'],
        'AU$': ['AUD'],
        'C$': ['CAD'],
        'CA$': ['CAD'],
        'NZ$': ['NZD'],
        'HK$': ['HKD'],
        'S$': ['SGD'],
        'R$': ['BRL'],
        'kr': ['DKK', 'ISK', 'NOK', 'SEK'],
        'kr.': ['DKK', 'ISK', 'NOK', 'SEK'],
        'zł': ['PLN'],
        'Fr.': ['CHF'],
        'Rs': ['INR', 'LKR', 'MUR', 'NPR', 'PKR'],
        'Rs.': ['INR', 'LKR', 'MUR', 'NPR', 'PKR'],
        'R': ['ZAR'],
        '$': ['ARS', 'AUD', 'BBD', 'BMD', 'BND', 'BSD', 'BZD', 'CAD', 'CLP', 'COP', 'CUP', 'DOP', 'FJD', 'GYD', 'HKD', 'JMD', 'KYD', 'LRD', 'MXN', 'NAD', 'NZD', 'SBD', 'SGD', 'SRD', 'TTD', 'TWD', 'USD', 'UYU', 'XCD'],
        '₽': ['RUB'],
        '₺': ['TRY'],
        '₪': ['ILS'],
        '₫': ['VND'],
        '₴': ['UAH'],
        '฿': ['THB'],
        '₦': ['NGN'],
        '₱': ['CUP', 'PHP'],
        '₡': ['CRC'],
        '₲': ['PYG'],
        '₸': ['KZT'],
        '₼': ['AZN'],
        '₾': ['GEL'],
        '₮': ['MNT'],
        '₵': ['GHS'],
        '֏': ['AMD'],
        '৳': ['BDT'],
        '៛': ['KHR'],
        '₭': ['LAK'],
        '₨': ['INR', 'LKR', 'MUR', 'NPR', 'PKR', 'SCR']
    }
{%- endmacro %}

{#- An amount with the digits, signs and blanks that a keyboard has. -#}
{% macro plain_amount(text) -%}
    trim(regexp_replace(
        translate(
            {{ text }},
            '０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙−’',
            '012345678901234567890123456789012345678901234567890123456789-'''
        ),
        '[\s\p{Z}\x{0b}\x{1c}-\x{1f}\x{85}]', ' ', 'g'
    ))
{%- endmacro %}
