{#- The canonical fact of a message's status: what could not be delivered has failed. -#}
{% macro message_fact_type(status) -%}
    case {{ status }} when 'undelivered' then 'message.failed' else concat('message.', {{ status }}) end
{%- endmacro %}

{#-
    The phone behind an address that a provider gives for a message. Providers write the country's code, some of them
    without its plus; what has a letter in it (a sender's name) or few digits (a short code) is nobody's phone.
-#}
{% macro message_phone(address) -%}
    case
            when regexp_full_match({{ address }}, '[1-9][0-9]{10,14}') then '+' || {{ address }}
            when regexp_full_match({{ address }}, '[+]?[0-9][0-9 ().-]{6,}') then {{ address }}
        end
{%- endmacro %}

{#-
    What came with a message besides its words: a JSON list of {media_type, url}, or NULL. `urls` and `media_types` are SQL
    for lists of VARCHAR; where there is no address there is nothing.
-#}
{% macro attachments(urls, media_types='cast([] as varchar[])') -%}
    case
            when len(list_filter({{ urls }}, lambda url: url <> '')) > 0
                then
                    to_json(
                        list_transform(
                            list_filter(list_zip({{ urls }}, {{ media_types }}), lambda pair: pair[1] <> ''),
                            lambda pair: {'media_type': pair[2], 'url': pair[1]}
                        )
                    )::varchar
        end
{%- endmacro %}
