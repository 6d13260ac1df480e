"""Tests of core.automation."""
