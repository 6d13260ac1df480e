-- Models that read facts of a few types only, which the tenants' files name; others read any.
select
    'fct_stage_moves' as model_name,
    unnest(entered_on)['fact_type'] as fact_type
from {{ ref('stg_tenants__stages') }}
union
select
    'fct_stage_moves' as model_name,
    'stage.changed' as fact_type
union
-- What is off loses nobody who has another booking to come.
select
    'fct_stage_moves' as model_name,
    'booking' as fact_type
union
select
    'fct_warmness_points' as model_name,
    unnest(map_keys(fact_points)) as fact_type
from {{ ref('stg_tenants__scoring') }}
