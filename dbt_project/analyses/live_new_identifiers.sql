-- The identifiers that the new events name.
select distinct identifier_key
from {{ rows_of_batch('int_identifiers_observed') }}
