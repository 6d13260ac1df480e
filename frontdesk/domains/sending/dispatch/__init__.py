"""Dispatch: what is due in the outbox goes out, once, and what became of it goes into the log."""
