"""The live path: each batch of new events through the models, and what is decided into the outbox."""
