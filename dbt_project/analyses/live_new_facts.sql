-- No rows: the shape in which the live path collects what staging makes of a batch.
select *
from {{ ref('int_facts_unioned') }}
where false
