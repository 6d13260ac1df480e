"""The other side of the wire: a signed-webhook sender that knows the providers, not Frontdesk."""
