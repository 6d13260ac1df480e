"""Tests of what can be booked."""
