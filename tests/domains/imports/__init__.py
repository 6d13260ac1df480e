"""Tests of frontdesk.domains.imports."""
