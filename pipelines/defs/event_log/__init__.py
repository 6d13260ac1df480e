"""The event log as the first asset."""
