-- The contacts that the identifiers in scope belonged to before this batch: their rows are replaced.
select distinct contact_id
from {{ ref('int_contact_identifiers') }}
where {{ only_identifiers_in_scope() }}
