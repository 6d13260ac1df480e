"""The REST interface under /v1: commands and reads."""
