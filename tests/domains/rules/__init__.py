"""Tests of frontdesk.domains.rules."""
