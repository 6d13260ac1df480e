"""Proof (formerly Notarize)."""
