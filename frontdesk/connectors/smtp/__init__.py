"""SMTP."""
