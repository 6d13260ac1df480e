{#-
    E.164 from what people and providers write, or NULL. Rules, in order: `+` or `00` means the country code is
    there; a national number begins with the trunk prefix (0 in Australia and Britain), which is replaced by the
    tenant's calling code; digits that already begin with the calling code and are too long for a national number
    are international without a plus (ManyChat sends these). E.164 has 8 to 15 digits. Senders such as
    "whatsapp:+61..." lose their prefix. tests/dbt compares this with libphonenumber.
-#}
{% macro normalise_phone(raw, calling_code, trunk_prefix) -%}
    {{ e164_if_plausible(international_digits(phone_digits(raw), calling_code, trunk_prefix)) }}
{%- endmacro %}

{% macro phone_digits(raw) -%}
    regexp_replace(regexp_replace(regexp_replace(lower({{ raw }}), '^(whatsapp|sms|tel):', ''), '\(0\)', ''), '[^0-9+]', '', 'g')
{%- endmacro %}

{% macro international_digits(digits, calling_code, trunk_prefix) -%}
    case
        when starts_with({{ digits }}, '+') then substr({{ digits }}, 2)
        when starts_with({{ digits }}, '00') then substr({{ digits }}, 3)
        when {{ trunk_prefix }} <> '' and starts_with({{ digits }}, {{ trunk_prefix }})
            then {{ calling_code }} || substr({{ digits }}, length({{ trunk_prefix }}) + 1)
        when starts_with({{ digits }}, {{ calling_code }}) and length({{ digits }}) >= 11 then {{ digits }}
        else {{ calling_code }} || {{ digits }}
    end
{%- endmacro %}

{% macro e164_if_plausible(digits) -%}
    case when regexp_full_match({{ digits }}, '[1-9][0-9]{7,14}') then '+' || {{ digits }} end
{%- endmacro %}
