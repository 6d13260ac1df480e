{#-
    The next eight columns of every fact, after fact_type: whom it is about, as the source says it. Arguments are SQL
    expressions of type VARCHAR; one not given is NULL. Phones and e-mails are brought to one form later, where the
    tenant's country is known.
-#}
{% macro contact_columns(
    ref_kind=none, ref=none, phone=none, email=none, full_name=none, first_name=none, last_name=none, company=none
) -%}
    {%- set unknown = 'cast(null as varchar)' -%}
    {% if ref -%}
    if({{ line_text(ref) }} is not null, '{{ ref_kind }}', null)
    {%- else -%}
    {{ unknown }}
    {%- endif %} as contact_ref_kind,
        {{ line_text(ref) if ref else unknown }} as contact_ref,
        {{ line_text(phone) if phone else unknown }} as phone_raw,
        {{ line_text(email) if email else unknown }} as email_raw,
        {{ line_text(full_name) if full_name else unknown }} as full_name,
        {{ line_text(first_name) if first_name else unknown }} as first_name,
        {{ line_text(last_name) if last_name else unknown }} as last_name,
        {{ line_text(company) if company else unknown }} as company
{%- endmacro %}
