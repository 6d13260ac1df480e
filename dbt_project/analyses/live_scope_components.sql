-- The groups, by records and decisions, that the new events' identifiers were in before this batch.
select distinct scope_key
from {{ ref('int_identity_components') }}
where {{ only_in_scope('identifier_key', 'new_identifiers') }}
