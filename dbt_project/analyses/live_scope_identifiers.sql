-- The identifiers that the new events name, and all that were in one component with them before.
select identifier_key
from {{ rows_of_batch('int_identifiers_observed') }}
union
select identifier_key
from {{ ref('int_identity_components') }}
where {{ only_in_scope('component_key', 'scope_components') }}
