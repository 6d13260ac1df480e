{#- The 128-bit key of an identifier: tenant, kind and normalised value. -#}
{% macro identifier_key(kind, value, tenant_id='tenant_id') -%}
    md5(concat_ws('|', {{ tenant_id }}, {{ kind }}, {{ value }}))::uuid
{%- endmacro %}

{#- The key where the tenant's rules let this kind tell people apart; NULL where they don't, or there is no value. -#}
{% macro linking_key(kind, value) -%}
    case
        when {{ value }} is not null and uses[{{ kind }}] in ('strong', 'link')
            then {{ identifier_key(kind, value) }}
    end
{%- endmacro %}

{#-
    How much the name in a fact is worth: by who says so, then whether it has both parts. A chat's profile is what people
    call themselves there, a payment's the cardholder's, a booking's who comes, a contact's what the business keeps.
-#}
{% macro name_choice() -%}
    2 * case
            when source = 'manychat' or fact_family = 'message' then 1
            when fact_family = 'payment' or source = 'stripe' then 2
            when fact_family = 'booking' then 4
            when fact_family = 'contact' then 5
            else 3
        end + case when name_read.is_complete then 1 else 0 end
{%- endmacro %}

{#- How a contact is called of whom an id is all that is known: "ID 7"; the system that it is of is not part of it. -#}
{% macro shown_id(contact_ref) -%}
    'ID ' || regexp_replace({{ contact_ref }}, '^[^:]*:', '')
{%- endmacro %}

{#-
    Who comes to a booking: the name in its newest fact that has one, apart from who owns the phone; of a fact that tells
    of a guest besides who books and pays, the guest's.
-#}
{% macro newest_guest(over='') -%}
    max({
            'fact_order': fact_order,
            'full_name': coalesce(guest_full_name, full_name),
            'first_name': if(guest_full_name is null, first_name, guest_first_name)
        }) filter (where coalesce(guest_full_name, full_name) is not null){{ ' over ' ~ over if over }}
{%- endmacro %}

{#- The best told of names, of equally good ones the newest; with a condition, of those alone that meet it. -#}
{% macro best_told_name(over, condition='full_name is not null') -%}
    max(
            {
                'name_rank': name_rank, 'fact_order': fact_order, 'full_name': full_name, 'first_name': first_name,
                'last_name': last_name
            }
        ) filter (where {{ condition }}){{ ' over ' ~ over if over }}
{%- endmacro %}

{#-
    The name to show of facts, as one value with its parts: the best told, of equally good ones the newest. One that is
    typed in small letters throughout does not replace the same words with their capitals. An aggregate, or with `over` a
    running one.
-#}
{% macro best_name(over='') -%}
    {%- set best = best_told_name(over) -%}
    {%- set capitalised = best_told_name(over, 'full_name <> lower(full_name)') -%}
    case
            when
                ({{ best }}).full_name = lower(({{ best }}).full_name)
                and list_sort(string_split(({{ best }}).full_name, ' '))
                = list_sort(string_split(lower(({{ capitalised }}).full_name), ' '))
                then {{ capitalised }}
            else {{ best }}
        end
{%- endmacro %}

{#- A new family name told by itself, as a system tells what has changed of a contact. -#}
{% macro new_surname(over='') -%}
    max({ 'fact_order': fact_order, 'name_rank': name_rank, 'last_name': last_name })
            filter (where last_name = full_name and first_name is null){{ ' over ' ~ over if over }}
{%- endmacro %}

{#- Whether the new family name replaces that of the name to show: later, and by one who is worth as much. -#}
{% macro is_renamed(person_name, new_surname) -%}
    coalesce(
                {{ new_surname }}.fact_order > {{ person_name }}.fact_order
                and {{ new_surname }}.name_rank // 2 = {{ person_name }}.name_rank // 2
                and {{ person_name }}.first_name is not null,
                false
            )
{%- endmacro %}

{#- The columns of a name: full_name to show, first_name, last_name. -#}
{% macro name_columns(person_name, new_surname) -%}
    if(
            {{ is_renamed(person_name, new_surname) }},
            {{ person_name }}.first_name || ' ' || {{ new_surname }}.last_name,
            {{ person_name }}.full_name
        ) as full_name,
        {{ person_name }}.first_name as first_name,
        if(
            {{ is_renamed(person_name, new_surname) }},
            {{ new_surname }}.last_name,
            {{ person_name }}.last_name
        ) as last_name
{%- endmacro %}
