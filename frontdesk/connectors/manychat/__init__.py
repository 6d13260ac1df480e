"""ManyChat."""
