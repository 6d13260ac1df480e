{#-
    E.164 from what people and providers write, in three steps that a model takes in three CTEs (each expression is
    planned once). Rules, in order: `+` or `00` means the country code is there; a national number begins with the
    trunk prefix (0 in Australia and Britain), which the tenant's calling code replaces; digits that already begin
    with the calling code and are too long for a national number are international without a plus (ManyChat sends
    these). E.164 has 8 to 15 digits. Senders such as "whatsapp:+61..." lose their prefix.
-#}

{#- Step 1: digits and plus signs. "(0)" in "+44 (0)20 ..." is dialled only at home. -#}
{% macro phone_digits(raw) -%}
    regexp_replace(replace({{ raw }}, '(0)', ''), '[^0-9+]', '', 'g')
{%- endmacro %}

{#- Step 2: the international number without a plus. -#}
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

{#- Step 3: E.164, or NULL where it can't be a phone number. -#}
{% macro e164(international) -%}
    case when regexp_full_match({{ international }}, '[1-9][0-9]{7,14}') then '+' || {{ international }} end
{%- endmacro %}
