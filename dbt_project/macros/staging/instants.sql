{#-
    Instants out of a payload's text, TIMESTAMPTZ or NULL. Years outside 1000 to 2999 are mistakes, and beyond 9999
    no Python reader could fetch them. The session's time zone never matters.
-#}

{#-
    ISO 8601, with or without seconds, fraction and offset, or a date alone (midnight). No clock on Earth is more than
    14 hours from UTC. `zone` is SQL for the IANA zone of values without an offset; NULL or a zone that does not exist
    makes those NULL, as the instant is not known. The zone goes into the text because try_cast forgives a bad one and
    timezone() raises; the offset is read as TIMESTAMPTZ because a cast to TIMESTAMP drops it.
-#}
{% macro instant_from_iso(expression, zone="'UTC'") -%}
    case
            when regexp_full_match(
                {{ expression }},
                '[12]\d{3}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-](0\d|1[0-4])(:?[0-5]\d)?)'
            )
                then try_cast(
                    regexp_replace(upper({{ expression }}), '([T ]\d\d:\d\d)(Z|[+-])', '\1:00\2') as timestamptz
                )
            when regexp_full_match({{ expression }}, '[12]\d{3}-\d\d-\d\d([Tt ][\d:.]+)?')
                then try_cast(
                    strftime(try_cast({{ expression }} as timestamp), '%Y-%m-%d %H:%M:%S.%f ')
                    || {{ zone }} as timestamptz
                )
        end
{%- endmacro %}

{#-
    An instant as a provider tells it where it says no unit: ISO 8601, or Unix seconds or milliseconds from 2001 to 2286,
    which their length tells apart. Other digits, such as 202612201000, would be another year, and the order of day and
    month in 03/04/2026 is a guess: they are none, for unread_times to list.
-#}
{% macro instant_from_text(expression, zone="'UTC'") -%}
    coalesce(
            {{ instant_from_iso(expression, zone) }},
            to_timestamp(list_transform(
                regexp_extract_all({{ expression }}, '^(?:\d{10}|\d{13})(?:\.\d+)?$'),
                lambda told: told::double / if(told::double < 1e11, 1, 1000)
            )[1])
        )
{%- endmacro %}

{#-
    The zone of times without an offset: the one that is told beside them, else the business's own. What is told must
    name a place: DuckDB takes BST for Bangladesh and AST for Alaska.
-#}
{% macro zone_of_text(told_zone, own_zone) -%}
    case
            when {{ told_zone }} is null then {{ own_zone }}
            when regexp_full_match({{ told_zone }}, '(?i)[a-z_]+/[\w/+-]+|utc|gmt') then {{ told_zone }}
        end
{%- endmacro %}

{#-
    What was told of times and could not be read, as it came, JSON too: a list of problem and told, NULL where all is
    well. `times` is a list of problem, SQL for what was read, and the texts of the payload, the first of which counts.
-#}
{% macro unread_times(times, told_zone="null::varchar") -%}
    nullif(
            list_filter(
                [
                    {%- for problem, is_read, texts in times %}
                    {
                        'problem': '{{ problem }}',
                        'told': if({{ is_read }}, null, left(trim(translate(
                            list_filter(
                                [{{ texts | join(', ') }}],
                                lambda told: not regexp_full_match(told, '[\s{}\[\]]*')
                            )[1],
                            e'\r\n\t', '   '
                        )), 200) || coalesce(' (' || {{ told_zone }} || ')', ''))
                    }{{ ',' if not loop.last }}
                    {%- endfor %}
                ],
                lambda unread: unread.told is not null
            ),
            []
        )
{%- endmacro %}

{#- Unix seconds from 1973 to 2286: fewer digits are no time, such as the 0 that stands for none. -#}
{% macro instant_from_unix_seconds(expression) -%}
    to_timestamp(try_cast(regexp_extract_all({{ expression }}, '^\d{9,10}$')[1] as bigint))
{%- endmacro %}

{#- The day of a text that is a date alone, else NULL. -#}
{% macro day_from_iso(expression) -%}
    try_cast(regexp_extract_all({{ expression }}, '^[12]\d{3}-\d\d-\d\d$')[1] as date)
{%- endmacro %}

{#- Unix milliseconds from 1973 up to the year 2286; less is no time. -#}
{% macro instant_from_unix_milliseconds(expression) -%}
    to_timestamp(try_cast(regexp_extract_all({{ expression }}, '^\d{12,13}(?:\.\d+)?$')[1] as double) / 1000)
{%- endmacro %}

{#- When a line of a delivery was, where that is no later than a day after it came; else when the delivery was. -#}
{% macro line_instant(instant) -%}
    case
        when {{ instant }} > received_at + interval 1 day then occurred_at
        else coalesce({{ instant }}, occurred_at)
    end
{%- endmacro %}
