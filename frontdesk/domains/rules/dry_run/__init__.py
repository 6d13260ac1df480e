"""A changed tenant file tried on all history, by the command that does it; for the dashboard and /v1."""
