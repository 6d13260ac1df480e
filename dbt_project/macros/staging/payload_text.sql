{#-
    Text out of a payload. Staging reads a payload in one pass, with from_json and a shape that asks for VARCHAR
    everywhere: a missing key or a wrong structure gives NULL and no value can fail to convert. A dozen
    `payload ->> '$.x'` would parse the document a dozen times (31,000 rows/s instead of 400,000, measured on
    1.8 KB Stripe events). What from_json leaves to us is an object or array where a plain value was expected:
    it comes as JSON text.

    These macros name their argument as rarely as they can: a batch of the live path plans all staging models, and
    the planner's time grows with every repetition.
-#}

{#-
    One line such as an id, a phone, a name: trimmed, a line break in it as a blank; NULL when empty or when the payload
    has JSON there.
-#}
{% macro line_text(expression) -%}
    rtrim(regexp_extract_all(translate({{ expression }}, e'\r\n\t', '   '), '^\s*([^\s{\[].*|\[[A-Za-z].*)$', 1)[1])
{%- endmacro %}

{#-
    The first of some texts that says something, as one line. Providers send '' for what they say elsewhere: a plain
    coalesce of payload texts would keep it, and is forbidden in staging.
-#}
{% macro first_text() -%}
    coalesce(
            {%- for text in varargs %}{{ line_text(text) }}{{ ', ' if not loop.last }}{% endfor -%}
        )
{%- endmacro %}

{#- The first of some values asked for as JSON that says something. -#}
{% macro told_json() -%}
    list_filter([{{ varargs | join(', ') }}], lambda told: trim(told ->> '$') <> '')[1]
{%- endmacro %}

{#-
    An object with its keys in small letters and underscores, as a program would write them, without what is blank; NULL
    for what is no object. For payloads whose keys are typed by people.
-#}
{% macro plain_keys(expression) -%}
    '{' || array_to_string(
            list_transform(
                list_filter(
                    map_entries(from_json({{ expression }}, '"MAP(VARCHAR, JSON)"')),
                    lambda told: trim(told.value ->> '$') <> ''
                ),
                lambda told:
                to_json(regexp_replace(lower(trim(told.key)), '[\s-]+', '_', 'g'))::varchar || ':' || told.value::varchar
            ),
            ','
        ) || '}'
{%- endmacro %}

{#- A word to compare: small letters, without blanks, dashes and underscores, such as noshow of No-Show. -#}
{% macro word(expression) -%}
    lower(regexp_replace({{ expression }}, '[\s_-]', '', 'g'))
{%- endmacro %}

{#- What a text answers: true, false, or NULL where it is neither. frontdesk/domains/imports/fields.py reads the same. -#}
{% macro yes_or_no(expression) -%}
    case
            lower({{ line_text(expression) }})
            {%- for yes in ['true', 'yes', 'y', '1', 'on', 'x', 't'] %}
            when '{{ yes }}' then true
            {%- endfor %}
            {%- for no in ['false', 'no', 'n', '0', 'off', 'f'] %}
            when '{{ no }}' then false
            {%- endfor %}
        end
{%- endmacro %}

{#- Text as people write it, lines and blanks kept; NULL when empty or when the payload has JSON there. -#}
{% macro free_text(expression) -%}
    if(left({{ expression }}, 2) not in ('', '{"', '["', '[{', '[[', '{}', '[]'), {{ expression }}, null)
{%- endmacro %}

{#- JSON that is an object, else NULL; for payloads that may hold the record at one of several places. -#}
{% macro json_object(expression) -%}
    if(starts_with({{ expression }}::varchar, '{'), {{ expression }}, null)
{%- endmacro %}

{#- The address out of `Ana Lee <ana@example.com>`; text without angle brackets stays as it is. -#}
{% macro email_address(expression) -%}
    regexp_replace({{ expression }}, '^.*<([^<>\s]+@[^<>\s]+)>.*$', '\1')
{%- endmacro %}

{#-
    The one row of an event, or none where the condition on its parsed payload does not hold. An unnested empty list
    drops the row; a WHERE would be pushed below the parsing and parse the payload again for each value it reads.
-#}
{% macro row_only_if(condition) -%}
    unnest(if({{ condition }}, [true], []))
{%- endmacro %}
