"""Stand-ins of the providers' APIs: they answer as the real ones do, misbehave on request, count what they took."""
