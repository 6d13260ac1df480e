"""The catalogue: what can be booked, and its prices."""
