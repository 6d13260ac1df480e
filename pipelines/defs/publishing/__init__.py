"""The published file as the last asset."""
