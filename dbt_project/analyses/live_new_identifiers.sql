-- The identifiers that the new events name.
select distinct identifier_key
from {{ ref('int_identifiers_observed') }}
where {{ only_new_events() }}
