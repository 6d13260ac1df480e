-- Every fact of the contacts that this batch touches, old and new.
select *
from {{ ref('int_facts_attributed') }}
where {{ only_identifiers_in_scope('primary_identifier_key') }}
