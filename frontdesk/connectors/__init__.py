"""One file per provider: how its deliveries are verified and become envelopes."""
