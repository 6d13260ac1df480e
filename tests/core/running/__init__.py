"""Tests of frontdesk.core.running."""
