"""From decisions to the outbox: rules as data, the rows that are intended, and what became of them."""
