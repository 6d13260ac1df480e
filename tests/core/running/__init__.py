"""Tests of core.running."""
