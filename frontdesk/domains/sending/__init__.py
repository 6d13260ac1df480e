"""What goes out: templates, consent, the outbox, and the dispatcher that empties it."""
