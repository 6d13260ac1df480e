-- The identifiers that the new events name, and all that were in one group with them before.
select identifier_key
from {{ rows_of_batch('int_identifiers_observed') }}
union
select unnest([identifier_key_a, identifier_key_b]) as identifier_key
from {{ rows_of_batch('stg_frontdesk__identity_decisions') }}
where identifier_key_a is not null
union
select identifier_key
from {{ ref('int_identity_components') }}
where {{ only_in_scope('scope_key', 'scope_components') }}
