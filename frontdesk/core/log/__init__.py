"""The event log and the database that holds it: envelope, append, follow, set aside."""
