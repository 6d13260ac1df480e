"""The page Outbox."""
