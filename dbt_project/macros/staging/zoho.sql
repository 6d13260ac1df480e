{#-
    Posts with an `event_type` that an administrator or an own integration set up. The field names are theirs, so the
    usual spellings are understood in any capitals, with blanks or dashes too, at the top of the body or under `data`.
-#}
{% macro zoho_post_spellings() -%}
    {{ return({
        'contact_id': ['contact_id', 'zoho_contact_id'],
        'phone': ['phone'],
        'email': ['email', 'contact_email'],
        'full_name': ['full_name', 'name'],
        'first_name': ['first_name'],
        'last_name': ['last_name'],
        'company': ['company', 'company_name', 'account_name'],
        'topic': ['subject', 'campaign_name', 'campaign', 'form_name', 'webinar_name', 'webinar_title', 'deal_name'],
        'remark': ['click_url', 'url', 'link', 'bounce_reason', 'reason', 'stage'],
        'deal_id': ['deal_id'],
        'amount': ['amount'],
        'currency': ['currency']
    }) }}
{%- endmacro %}

{#- The shape of such a post for from_json. -#}
{% macro zoho_post_shape() -%}
    {%- set leaves = [] -%}
    {%- for spellings in zoho_post_spellings().values() -%}
        {%- for spelling in spellings -%}
            {%- do leaves.append('"' ~ spelling ~ '": "' ~ ('JSON' if spelling == 'amount' else 'VARCHAR') ~ '"') -%}
        {%- endfor -%}
    {%- endfor -%}
    { {{- leaves | join(', ') }}, "data": "JSON"}
{%- endmacro %}

{#- Such a post as zoho_post_data and zoho_post_fields take it. -#}
{% macro zoho_post() -%}
    from_json({{ plain_keys('payload') }}, '{{ zoho_post_shape() }}')
{%- endmacro %}

{#- What such a post says under `data`. -#}
{% macro zoho_post_data() -%}
    from_json({{ plain_keys('post.data') }}, '{{ zoho_post_shape() }}')
{%- endmacro %}

{#- One column for each thing such a post can say: the first of its spellings that says something. -#}
{% macro zoho_post_fields() -%}
    {%- for field, spellings in zoho_post_spellings().items() -%}
        {%- set places = [] -%}
        {%- for spelling in spellings -%}
            {%- do places.extend(['post.' ~ spelling, 'post_data.' ~ spelling]) -%}
        {%- endfor -%}
        {{ told_json(*places) if field == 'amount' else first_text(*places) }} as {{ field }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- Whom such a post is about. -#}
{% macro zoho_post_contact_columns() -%}
    {{ contact_columns(
        ref_kind='zoho_record',
        ref='contact_id',
        phone='phone',
        email='email',
        full_name='full_name',
        first_name='first_name',
        last_name='last_name',
        company='company'
    ) }}
{%- endmacro %}
