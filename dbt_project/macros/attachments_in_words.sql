{#- What came with a message that has no words: "Picture", "Voice note", "2 attachments"; NULL where nothing did. -#}
{% macro attachments_in_words(attachments) -%}
    case
        when json_array_length({{ attachments }}) > 1 then json_array_length({{ attachments }}) || ' attachments'
        when {{ attachments }} is not null
            then case split_part(coalesce({{ attachments }} ->> '$[0].media_type', ''), '/', 1)
                when 'image' then 'Picture'
                when 'audio' then 'Voice note'
                when 'video' then 'Video'
                when 'text' then 'Contact card or text file'
                when 'application' then 'Document'
                else 'Attachment'
            end
    end
{%- endmacro %}
