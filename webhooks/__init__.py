"""The receiver: verifies signed deliveries and commands, and appends them to the event log."""
