{#- Every thing that a figure counts, with the instant that it counts at; the figures are sums over these rows, so that
    whoever doubts one can list what it is made of. An instant depends on what happened up to then and not on what
    came of it later: a period that is over stays as it is, but for facts that arrive late. -#}

{%- set families = ['contacts', 'leads', 'bookings', 'money', 'messages', 'tasks'] %}

with measured as (

    {% for family in families %}
    select * from {{ ref('rpt_measured_' ~ family) }}
    {% if not loop.last %}union all by name{% endif %}
    {% endfor %}

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

final as (

    select
        measured.tenant_id,
        concat_ws('/', measured.tenant_id, measured.metric, measured.source_key) as measurement_key,
        measured.metric,
        measured.entity_key,
        measured.contact_id,
        measured.measured_at,
        (measured.measured_at at time zone tenants.zone)::date as measured_date,
        (measured.until_at at time zone tenants.zone)::date as until_date,
        measured.value,
        measured.currency,
        measured.service_name,
        contacts.acquisition_channel
    from measured
    inner join tenants on measured.tenant_id = tenants.tenant_id
    left join contacts on measured.tenant_id = contacts.tenant_id and measured.contact_id = contacts.contact_id
    where measured.measured_at is not null

)

select * from final
