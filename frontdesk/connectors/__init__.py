"""One folder per provider: what it is, how its deliveries are verified, and how it is written to."""
