"""The published file, for reading: attach it, and ask it one question at a time."""
