"""A plausible year of the businesses: deterministic by seed, every journey from its first touch to its return."""
