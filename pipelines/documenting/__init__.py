"""What the models are, for people: the data dictionary and dbt's own site."""
