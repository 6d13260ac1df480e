"""Outgoing webhooks, as Standard Webhooks."""
