"""Migrations own every table of the log's database: see docs/decisions/0019-migrations-own-the-tables.md."""
