"""Secrets kept encrypted in the log's database: see docs/decisions/0022-an-encrypted-store-of-secrets.md."""
